import { describe, expect, test } from 'vitest';
import type { KeyInput, VoiceScript, VoiceTurn } from '../../../domain/dialogue/types.ts';
import { openCall, takeVoiceTurn } from '../../../domain/dialogue/voice-turn.ts';
import { shipped } from './questionnaires.ts';

const script: VoiceScript = { questionnaire: shipped('recovery-call'), language: 'en', hospitalName: 'Riverside Hospital', patientName: 'Ada Example', record: true, emergencyNumber: '911' };
const silence: KeyInput = { digits: null, speech: null };
const keys = (digits: string): KeyInput => ({ digits, speech: null });
const speech = (words: string): KeyInput => ({ digits: null, speech: words });
const call = (inputs: readonly KeyInput[], over: Partial<VoiceScript> = {}): VoiceTurn => inputs.reduce((turn, input) => takeVoiceTurn({ ...script, ...over }, turn.progress, input), openCall({ ...script, ...over }));

describe('a call', () => {
  test('says the hospital\'s name and whom it wants, and nothing more, before identity', () => {
    expect(openCall(script).prompt).toEqual({
      say: ['Hello, this is Riverside Hospital.', 'If you are Ada Example, press 1.', 'If you care for Ada Example, press 2.', 'If this is the wrong number, press 3.'],
      language: 'en',
      gather: { input: 'keys', maxDigits: 1, timeoutSeconds: 6 },
      startRecording: false,
    });
  });

  test('asks for the recording after identity, and records from a yes on', () => {
    const asked = call([keys('1')]);
    const agreed = call([keys('1'), keys('1')]);

    expect(asked.progress.stage).toBe('recording-consent');
    expect(asked.prompt.startRecording).toBe(false);
    expect(agreed).toMatchObject({ progress: { stage: 'questions', recording: 'agreed' }, prompt: { startRecording: true } });
  });

  test.each([['a no', [keys('2')]], ['two unclear keys', [keys('7'), keys('9')]]])('goes on unrecorded after %s', (_name, inputs) => {
    const turn = call([keys('1'), ...inputs]);

    expect(turn).toMatchObject({ progress: { stage: 'questions', recording: 'refused' }, prompt: { startRecording: false }, ended: null });
  });

  test('does not ask for a recording that the plan does not want', () => {
    expect(call([keys('1')], { record: false })).toMatchObject({ progress: { stage: 'questions', recording: 'not-asked' } });
  });

  test('takes answers by keys and by speech, and ends completed with the emergency number', () => {
    const turn = call([keys('1'), keys('2'), keys('8#'), speech('No.'), speech('the stairs')]);

    expect(turn).toMatchObject({ ended: 'completed', progress: { stage: 'done', dialogue: { answers: { pain: 8, danger: 'no', concerns: 'the stairs' } } }, prompt: { gather: null } });
    expect(turn.prompt.say).toContain('In an emergency, call 9 1 1.');
  });

  test('reads the star key as the decimal point, and says so', () => {
    const wound = { ...script, questionnaire: shipped('wound-check'), record: false };
    const asked = [keys('1'), keys('2')].reduce((turn, input) => takeVoiceTurn(wound, turn.progress, input), openCall(wound));

    const turn = takeVoiceTurn(wound, asked.progress, keys('38*5'));

    expect(asked.prompt.say.join(' ')).toContain('with the star key as the decimal point, then press the hash key');
    expect(asked.prompt.gather).toEqual({ input: 'keys-or-speech', maxDigits: 4, timeoutSeconds: 10 });
    expect(turn.progress.dialogue.answers['temperature']).toBe(38.5);
  });

  test('understands Chinese speech in a Chinese call', () => {
    const turn = call([keys('1'), keys('1'), speech('八'), speech('没有。')], { language: 'zh', hospitalName: '河畔医院' });

    expect(turn.progress.dialogue.answers).toEqual({ pain: 8, danger: 'no' });
    expect(turn.prompt.language).toBe('zh');
  });

  test.each([
    ['key 2: a caregiver, whom staff call back', [keys('2')], 'caregiver'],
    ['key 3: a wrong number', [keys('3')], 'wrong-number'],
    ['two silences at identity', [silence, silence], 'silence'],
    ['two silences at the recording question', [keys('1'), silence, silence], 'silence'],
    ['two silences at the first question', [keys('1'), keys('2'), silence, silence], 'silence'],
    ['two silences after an answer', [keys('1'), keys('2'), keys('3'), silence, silence], 'partial'],
    ['an answer out of range twice', [keys('1'), keys('2'), keys('77'), keys('78')], 'partial'],
  ])('ends at %s', (_name, inputs, ended) => {
    const turn = call(inputs);

    expect(turn).toMatchObject({ ended, prompt: { gather: null }, progress: { stage: 'done' } });
  });

  test('forgets a silence once something was understood', () => {
    expect(call([silence, keys('1'), silence, keys('2'), silence, keys('5'), silence]).ended).toBeNull();
  });

  test('keeps the answers of a call that ended early', () => {
    expect(call([keys('1'), keys('2'), keys('9'), silence, silence]).progress.dialogue.answers).toEqual({ pain: 9 });
  });

  test('hangs up on whatever comes after its end', () => {
    const done = call([keys('3')]);

    expect(takeVoiceTurn(script, done.progress, keys('1'))).toMatchObject({ progress: done.progress, prompt: { gather: null }, ended: null });
  });

  test('says nothing of health to a caregiver or a wrong number', () => {
    const said = [...call([keys('2')]).prompt.say, ...call([keys('3')]).prompt.say].join(' ');

    expect(said).not.toMatch(/pain|surgery|medicine|patient|health|emergency|recover/i);
  });
});
