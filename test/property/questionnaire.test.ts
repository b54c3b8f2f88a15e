import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openItem, reasksAllowed } from '../../domain/dialogue/progress.ts';
import { openText, takeTextTurn } from '../../domain/dialogue/text-turn.ts';
import type { TextTurn, VoiceScript, VoiceTurn } from '../../domain/dialogue/types.ts';
import { openCall, takeVoiceTurn } from '../../domain/dialogue/voice-turn.ts';
import type { Answers, Item, Questionnaire, Safeguard } from '../../domain/questionnaire/format.ts';
import { responseOf } from '../../domain/questionnaire/response.ts';
import { trippedSafeguards } from '../../domain/questionnaire/safeguards.ts';
import { scoreOf } from '../../domain/questionnaire/scores.ts';
import { shipped } from '../unit/domain-dialogue/questionnaires.ts';
import { keysFor, last } from '../unit/domain-dialogue/walk.ts';
import { cases } from '../support/cases.ts';
import { branching, isToBeAsked } from './questionnaires.ts';

const reply = fc.constantFrom('0', '1', '2', '3', '5', '9', 'label 1', 'skip', '跳过', 'words', '三', '');
const replies = fc.array(reply, { minLength: 12, maxLength: 12 });

function byText(questionnaire: Questionnaire, said: readonly string[]): TextTurn[] {
  const turns = [openText(questionnaire, 'en')];
  for (const words of said) {
    if (last(turns).status !== 'asked' && last(turns).status !== 're-asked') break;
    turns.push(takeTextTurn(questionnaire, last(turns).progress, words, 'en'));
  }
  return turns;
}

function byVoice(questionnaire: Questionnaire, inputs: readonly { digits: string | null; speech: string | null }[]): VoiceTurn[] {
  const script: VoiceScript = { questionnaire, language: 'en', hospitalName: 'Riverside', patientName: 'Ada Example', record: false, emergencyNumber: '911' };
  const turns = [openCall(script)];
  for (const input of [{ digits: '1', speech: null }, ...inputs]) {
    if (last(turns).ended !== null) break;
    turns.push(takeVoiceTurn(script, last(turns).progress, input));
  }
  return turns;
}

describe('a walk through a branching questionnaire, whatever is replied', () => {
  test('ends within two replies for each question', () => {
    fc.assert(fc.property(branching, replies, (questionnaire, said) => {
      const turns = byText(questionnaire, said);

      expect(['completed', 'given-to-staff']).toContain(last(turns).status);
      expect(turns.length - 1).toBeLessThanOrEqual((reasksAllowed + 1) * questionnaire.items.length);
    }), cases(1_000));
  });

  /** Whether each question that was asked was to be asked, and whether all were that were. */
  function asksRightly(questionnaire: Questionnaire, turns: readonly { open: Item | undefined; answers: Answers; skipped: readonly string[]; completed: boolean }[]): boolean {
    return turns.every(({ open, answers, skipped, completed }) => {
      const due = questionnaire.items.filter((item) => isToBeAsked(questionnaire, item, answers));
      return (open === undefined || due.includes(open)) && (!completed || due.every((item) => item.id in answers || skipped.includes(item.id)));
    });
  }

  test('asks what the answers enable and nothing else, and completes with all of it', () => {
    fc.assert(fc.property(branching, replies, (questionnaire, said) => {
      const turns = byText(questionnaire, said).map(({ progress, status }) => ({ open: openItem(questionnaire, progress), answers: progress.answers, skipped: progress.skipped, completed: status === 'completed' }));

      expect(asksRightly(questionnaire, turns)).toBe(true);
    }), cases(1_000));
  });

  test('notices a dialogue that goes by the place in the list', () => {
    const byPlace = fc.property(branching, replies, (questionnaire, said) => {
      const turns = byText(questionnaire, said).map(({ progress, status }) => ({ open: questionnaire.items[Object.keys(progress.answers).length + progress.skipped.length], answers: progress.answers, skipped: progress.skipped, completed: status === 'completed' }));
      return asksRightly(questionnaire, turns);
    });

    expect(fc.check(byPlace, { numRuns: 1_000 }).failed).toBe(true);
  });

  test('gives the same answers by text and by speech', () => {
    fc.assert(fc.property(branching, replies, (questionnaire, said) => {
      const written = last(byText(questionnaire, said)).progress;
      const spoken = last(byVoice(questionnaire, said.map((speech) => ({ digits: null, speech })))).progress.dialogue;

      expect([spoken.answers, spoken.skipped]).toEqual([written.answers, written.skipped]);
    }), cases(1_000));
  });

  test('gives the same answers by text and by keypad', () => {
    fc.assert(fc.property(fc.constantFrom('phq-9', 'gad-7', 'phq-2', 'pain-check', 'wound-check').map(shipped), fc.array(fc.nat(1_000), { minLength: 10, maxLength: 10 }), (questionnaire, chosen) => {
      const pressed: string[] = [];
      let turn = openText(questionnaire, 'en');
      for (let item = openItem(questionnaire, turn.progress); item !== undefined; item = openItem(questionnaire, turn.progress)) {
        pressed.push(keysFor(item, anAnswer(item, chosen[pressed.length] ?? 0)));
        turn = takeTextTurn(questionnaire, turn.progress, last(pressed), 'en');
      }
      const call = last(byVoice(questionnaire, pressed.map((digits) => ({ digits: digits.replace('.', '*'), speech: null }))));

      expect(turn.status).toBe('completed');
      expect(call).toMatchObject({ ended: 'completed', progress: { dialogue: { answers: turn.progress.answers } } });
    }), cases(300));
  });
});

function anAnswer(item: Item, pick: number): Answers[string] {
  if (item.kind === 'choice') return item.options[pick % item.options.length]?.code ?? '';
  return item.kind === 'number' ? item.min + (pick % (item.max - item.min + 1)) : 'words';
}

describe('a score, whatever was answered', () => {
  test('is a sum of points, or says what is missing, and never both', () => {
    const phq9 = shipped('phq-9');
    const answers = fc.array(fc.option(fc.nat(3)), { minLength: 9, maxLength: 9 });
    fc.assert(fc.property(answers, (points) => {
      const scored = phq9.scores[0]?.items ?? [];
      const given = Object.fromEntries(phq9.items.slice(0, 9).flatMap((item, index) => (points[index] == null ? [] : [[item.id, anAnswer(item, points[index])]])));
      const result = scoreOf(phq9, 'phq9', given);

      if (points.includes(null)) expect(result).toEqual({ kind: 'not-scorable', missing: scored.filter((_id, index) => points[index] == null) });
      else expect(result).toMatchObject({ kind: 'scored', value: points.reduce<number>((sum, point) => sum + (point ?? 0), 0) });
      expect(responseOf(phq9, { answers: given, skipped: [], answeredBy: {}, respondent: 'patient' }, 'sms').scores[0]?.value === null).toBe(result.kind === 'not-scorable');
    }), cases(500));
  });
});

describe('item 9 of the PHQ-9', () => {
  const phq9 = shipped('phq-9');
  type Judge = (questionnaire: Questionnaire, before: Answers, after: Answers) => readonly Safeguard[];

  /** Walks until the person stops answering; whether the alert was raised once, by the very answer, or not at all where there is none. */
  function isGuarded(judge: Judge, points: readonly number[], channel: 'text' | 'voice'): boolean {
    const pressed = points.map(String);
    const progress = channel === 'text' ? byText(phq9, pressed).map((turn) => turn.progress.answers) : byVoice(phq9, pressed.map((digits) => ({ digits, speech: null }))).map((turn) => turn.progress.dialogue.answers);
    const raisedBy = progress.slice(1).flatMap((after, index) => judge(phq9, progress[index] ?? {}, after).map(() => Object.keys(after).at(-1)));
    const thought = points[8] !== undefined && points[8] > 0;
    return raisedBy.length === (thought ? 1 : 0) && raisedBy.every((id) => id === 'self_harm');
  }

  const walk = fc.tuple(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 10 }), fc.constantFrom('text' as const, 'voice' as const));

  test('above 0 raises its alert at once and once, also when nothing is answered after it', () => {
    fc.assert(fc.property(walk, ([points, channel]) => isGuarded(trippedSafeguards, points, channel)), cases(1_000));
  });

  test.each<[string, Judge]>([
    ['judges a whole set only', (questionnaire, before, after) => (responseOf(questionnaire, { answers: after, skipped: [], answeredBy: {}, respondent: 'patient' }, 'sms').isComplete ? trippedSafeguards(questionnaire, before, after) : [])],
    ['goes by the score', (questionnaire, before, after) => (Object.keys(after).length >= 9 && scoreOf(questionnaire, 'phq9', after).kind === 'scored' && JSON.stringify(scoreOf(questionnaire, 'phq9', after)).includes('severe') ? trippedSafeguards(questionnaire, before, after) : [])],
    ['raises it again with each answer', (questionnaire, _before, after) => trippedSafeguards(questionnaire, {}, after)],
  ])('would be seen missed by a judge that %s', (_name, judge) => {
    expect(fc.check(fc.property(walk, ([points, channel]) => isGuarded(judge, points, channel)), { numRuns: 5_000 }).failed).toBe(true);
  });
});
