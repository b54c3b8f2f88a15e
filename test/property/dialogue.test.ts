import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { phrases } from '../../domain/dialogue/phrases.ts';
import { openText, takeTextTurn } from '../../domain/dialogue/text-turn.ts';
import type { DialogueProgress, KeyInput, VoiceScript, VoiceTurn } from '../../domain/dialogue/types.ts';
import { openCall, takeVoiceTurn } from '../../domain/dialogue/voice-turn.ts';
import { enabledItems } from '../../domain/questionnaire/enabled.ts';
import type { Answers } from '../../domain/questionnaire/format.ts';
import { shipped, shippedIds } from '../unit/domain-dialogue/questionnaires.ts';
import { cases } from '../support/cases.ts';

const language = fc.constantFrom('en', 'zh');
const questionnaire = fc.constantFrom(...shippedIds).map(shipped);
const reply = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('0', '1', '2', '3', '8', '37.5', '38,5', 'yes', 'no', '没有', '八', '１', '99', '') }, fc.string({ maxLength: 12, unit: 'grapheme' }));
const keyInput: fc.Arbitrary<KeyInput> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('1', '2', '3', '8', '37*5', '8#', '99', '*', '#').map((digits): KeyInput => ({ digits, speech: null })) },
  { weight: 2, arbitrary: reply.map((speech): KeyInput => ({ digits: null, speech })) },
  { weight: 1, arbitrary: fc.constant<KeyInput>({ digits: null, speech: null }) },
);
const script = fc.record({ questionnaire, language, record: fc.boolean() }).map((chosen): VoiceScript => ({ ...chosen, hospitalName: chosen.language === 'en' ? 'Riverside' : '河畔', patientName: 'Ada Example', emergencyNumber: '911' }));

function expectKept(before: Answers, after: Answers): void {
  for (const [id, answer] of Object.entries(before)) expect(after[id]).toBe(answer);
}

function answeredOrLeftOut({ answers, skipped }: DialogueProgress): string[] {
  return [...Object.keys(answers), ...skipped].sort();
}

describe('a conversation by text', () => {
  test('never loses an answer, completes only with all of them, and each reply moves it on or asks again once', () => {
    fc.assert(
      fc.property(questionnaire, language, fc.array(reply, { maxLength: 30 }), (asked, spoken, replies) => {
        let turn = openText(asked, spoken);
        for (const text of replies) {
          const next = takeTextTurn(asked, turn.progress, text, spoken);

          expectKept(turn.progress.answers, next.progress.answers);
          if (next.status === 'completed') expect(answeredOrLeftOut(next.progress)).toEqual(enabledItems(asked, next.progress.answers).map((item) => item.id).sort());
          if (next.status === 're-asked') expect(turn.status).not.toBe('re-asked');
          if (turn.status === 'given-to-staff' || turn.status === 'completed') expect(next).toMatchObject({ status: 'given-to-staff', say: null });
          turn = next;
        }
      }),
      cases(500),
    );
  });

  test('ends after at most two replies for each question', () => {
    fc.assert(
      fc.property(questionnaire, language, fc.infiniteStream(reply), (asked, spoken, replies) => {
        let turn = openText(asked, spoken);
        let count = 0;
        while (turn.status === 'asked' || turn.status === 're-asked') {
          turn = takeTextTurn(asked, turn.progress, replies.next().value as string, spoken);
          count += 1;
          expect(count).toBeLessThanOrEqual(asked.items.length * 2);
        }
      }),
      cases(200),
    );
  });
});

describe('a call', () => {
  function play(played: VoiceScript, inputs: Iterator<KeyInput>): VoiceTurn[] {
    const turns = [openCall(played)];
    for (let turn = turns[0]; turn !== undefined && turn.ended === null; turn = turns.at(-1)) {
      turns.push(takeVoiceTurn(played, turn.progress, inputs.next().value as KeyInput));
      expect(turns.length).toBeLessThanOrEqual(2 * (played.questionnaire.items.length + 2) + 1);
    }
    return turns;
  }

  test('always ends, hangs up exactly then, and never loses an answer', () => {
    fc.assert(
      fc.property(script, fc.infiniteStream(keyInput), (played, inputs) => {
        const turns = play(played, inputs);

        turns.forEach((turn, index) => {
          expect(turn.prompt.gather === null).toBe(turn.ended !== null);
          expect(turn.prompt.say.join('').length).toBeGreaterThan(0);
          expectKept(turns[index - 1]?.progress.dialogue.answers ?? {}, turn.progress.dialogue.answers);
          if (turn.ended === 'completed') expect(answeredOrLeftOut(turn.progress.dialogue)).toEqual(enabledItems(played.questionnaire, turn.progress.dialogue.answers).map((item) => item.id).sort());
          if (turn.ended === 'silence') expect(turn.progress.dialogue.answers).toEqual({});
        });
      }),
      cases(500),
    );
  });

  test('records only after a yes, and starts to once', () => {
    fc.assert(
      fc.property(script, fc.infiniteStream(keyInput), (played, inputs) => {
        const starts = play(played, inputs).filter((turn) => turn.prompt.startRecording);

        expect(starts.length).toBeLessThanOrEqual(played.record ? 1 : 0);
        for (const turn of starts) expect(turn.progress.recording).toBe('agreed');
      }),
      cases(500),
    );
  });

  test('says no word of the questionnaire, of its title or of health until somebody said that they are the patient', () => {
    const health = /pain|wound|surg|medic|disease|illness|symptom|bleed|breath|health|patient|doctor|nurse|recover|emergency|疼|痛|伤|术|药|病|症|血|呼吸|健康|患者|医生|康复|急/i;
    fc.assert(
      fc.property(script, fc.infiniteStream(keyInput), (played, inputs) => {
        const turns = play(played, inputs);
        const identified = turns.findIndex((turn) => turn.progress.stage === 'recording-consent' || turn.progress.stage === 'questions');
        const before = (identified < 0 ? turns : turns.slice(0, identified)).flatMap((turn) => turn.prompt.say);
        const { questionnaire: asked } = played;
        const content = [asked.title, asked.thanks, ...asked.items.flatMap((item) => [item.text, ...(item.kind === 'choice' ? item.options.map((option) => option.label) : [])])].map((text) => text[played.language]);

        for (const sentence of before) {
          expect(sentence).not.toMatch(health);
          // A label as short as "Yes" or "有" is also a part of ordinary words; whole questions are not.
          for (const text of content.filter((candidate) => candidate.length > 3)) expect(sentence).not.toContain(text);
        }
      }),
      cases(500),
    );
  });

  test('has every phrase in every language', () => {
    expect(Object.keys(phrases.zh).sort()).toEqual(Object.keys(phrases.en).sort());
  });
});
