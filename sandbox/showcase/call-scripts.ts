import type { CallBehaviour } from '../phone/types.ts';
import { words } from './words.ts';

type Language = 'en' | 'zh';

/** Takes the call as the patient, says yes or no to the recording, and answers every question; as often as is called. */
export function answersCall(language: Language, recording: 'agrees' | 'refuses', pain: number): CallBehaviour {
  return {
    kind: 'human',
    turns: [
      { when: words.pain[language], press: `${pain}#` },
      { when: words.askRecording[language], press: recording === 'agrees' ? '1' : '2' },
      { when: words.danger[language], press: '2' },
      { when: words.concerns[language], say: language === 'zh' ? '没有了，谢谢' : 'No, I feel well' },
      { when: words.identity[language], press: '1' },
    ],
  };
}

/** The question alone, by voice: identity, then the number. */
export function answersQuestion(language: Language, pain: number): CallBehaviour {
  return {
    kind: 'human',
    turns: [
      { when: words.pain[language], press: `${pain}#` },
      { when: words.identity[language], press: '1' },
    ],
  };
}

/** Somebody else's number. */
export const wrongNumber: CallBehaviour = { kind: 'human', turns: [{ when: words.identity.en, press: '3' }] };
