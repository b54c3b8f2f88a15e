import { describe, expect, test } from 'vitest';
import { dialogueProgressSchema, voiceProgressSchema } from '../../../domain/dialogue/progress-schema.ts';
import { freshDialogue, openItem } from '../../../domain/dialogue/progress.ts';
import { openQuestion, takeTextTurn } from '../../../domain/dialogue/text-turn.ts';
import type { KeyInput, VoiceScript, VoiceTurn } from '../../../domain/dialogue/types.ts';
import { openCall, takeVoiceTurn } from '../../../domain/dialogue/voice-turn.ts';
import { enabledItems } from '../../../domain/questionnaire/enabled.ts';
import type { Questionnaire } from '../../../domain/questionnaire/format.ts';
import { responseOf } from '../../../domain/questionnaire/response.ts';
import { scoreOf } from '../../../domain/questionnaire/scores.ts';
import { shipped } from './questionnaires.ts';
import { converse, last, questionnaireOf } from './walk.ts';

const adherence = shipped('adherence');
const phq9 = shipped('phq-9');
const wound = shipped('wound-check');
const proxy = questionnaireOf(`format: carethread.questionnaire/1
id: proxy
version: 1
title: { en: a, zh: b }
thanks: { en: Thanks, zh: 谢谢 }
items:
  - { kind: number, id: eaten, text: { en: Meals?, zh: b }, unit: '', min: 0, max: 9 }
  - { kind: number, id: mood, text: { en: Mood?, zh: b }, unit: '', min: 0, max: 9, respondents: [patient] }
`);
const scriptOf = (questionnaire: Questionnaire): VoiceScript => ({ questionnaire, language: 'en', hospitalName: 'Riverside Hospital', patientName: 'Ada Example', record: false, emergencyNumber: '911' });
const keys = (digits: string): KeyInput => ({ digits, speech: null });

function call(questionnaire: Questionnaire, pressed: readonly string[], dialogue = freshDialogue()): VoiceTurn[] {
  const opened = openCall(scriptOf(questionnaire));
  const first: VoiceTurn = { ...opened, progress: { ...opened.progress, dialogue } };
  return pressed.reduce<VoiceTurn[]>((turns, digits) => [...turns, takeVoiceTurn(scriptOf(questionnaire), last(turns).progress, keys(digits))], [first]);
}

describe('a branch', () => {
  test('that the answers rule out is neither asked nor missing, by text and by voice', () => {
    const text = last(converse(adherence, ['0', '1']));
    const voice = last(call(adherence, ['1', '0', '1']));

    expect(text).toMatchObject({ status: 'completed', progress: { answers: { missed_days: 0, supply: 'yes' } } });
    expect(voice).toMatchObject({ ended: 'completed', progress: { dialogue: { answers: { missed_days: 0, supply: 'yes' } } } });
    expect(responseOf(adherence, text.progress, 'sms').isComplete).toBe(true);
  });

  test('that the answers open is asked in its place', () => {
    const said = converse(adherence, ['3', '2', 'dizzy', '1']).map((turn) => turn.say);

    expect(said[1]).toMatch(/^What was the main reason\?/);
    expect(said[2]).toBe('What did you notice after taking them? Reply in your own words. Reply SKIP to leave it out.');
    expect(said[3]).toMatch(/^Do you have enough/);
  });

  test('on any of several answers is taken when one of them holds', () => {
    const well = last(converse(phq9, Array<string>(9).fill('0')));
    const tired = last(converse(phq9, ['0', '0', '0', '1', '0', '0', '0', '0', '0']));

    expect(well.status).toBe('completed');
    expect(tired.say).toMatch(/^How difficult have these problems/);
  });

  test('is not taken where pain cannot have risen by 3: the wound check is one question shorter', () => {
    expect(converse(wound, ['no', '37', '2']).at(-1)?.say).toMatch(/^Is there new or spreading redness/);
    expect(converse(wound, ['no', '37', '3']).at(-1)?.say).toMatch(/^And how strong was it two days ago/);
  });
});

describe('an answer to a question that is ruled out', () => {
  test('enables nothing and scores nothing, as after a correction of the answer before it', () => {
    const corrected = { missed_days: 0, reason: 'unwell', supply: 'yes' };
    const scored = questionnaireOf(`format: carethread.questionnaire/1
id: scored
version: 1
title: { en: a, zh: b }
thanks: { en: a, zh: b }
items:
  - { kind: number, id: first, text: { en: a, zh: b }, unit: '', min: 0, max: 9 }
  - { kind: number, id: second, text: { en: a, zh: b }, unit: '', min: 0, max: 9, enableWhen: [{ item: first, operator: '>', answer: 0 }] }
scores: [{ id: sum, version: 1, title: { en: s, zh: t }, items: [first, second], citation: 'Nobody. Nowhere 2026.' }]
`);

    expect(enabledItems(adherence, corrected).map((item) => item.id)).toEqual(['missed_days', 'supply']);
    expect(scoreOf(scored, 'sum', { first: 0, second: 5 })).toEqual({ kind: 'not-scorable', missing: ['second'] });
    expect(scoreOf(scored, 'sum', { first: 1, second: 5 })).toMatchObject({ value: 6, band: null });
  });
});

describe('a question that may be left out', () => {
  test.each(['skip', 'SKIP.', '跳过', '跳過'])('is left out by "%s", and the set is complete without it', (word) => {
    const turn = last(converse(adherence, ['3', '2', word, '1']));

    expect(turn).toMatchObject({ status: 'completed', progress: { skipped: ['unwell_how'] } });
    expect(turn.progress.answers).not.toHaveProperty('unwell_how');
    expect(responseOf(adherence, turn.progress, 'sms')).toMatchObject({ isComplete: true, skipped: ['unwell_how'] });
  });

  test('is left out on the phone by the star key, as it says', () => {
    const turns = call(adherence, ['1', '3', '2', '*', '1']);

    expect(turns[3]?.prompt.say).toContain('To leave it out, say skip, or press the star key.');
    expect(last(turns)).toMatchObject({ ended: 'completed', progress: { dialogue: { skipped: ['unwell_how'] } } });
  });

  test('is the only kind that may: others are asked again', () => {
    expect(last(converse(adherence, ['skip']))).toMatchObject({ status: 're-asked', progress: { skipped: [] } });
    expect(last(call(adherence, ['1', '*'])).progress).toMatchObject({ misses: 1, dialogue: { skipped: [] } });
  });
});

describe('the words of a section', () => {
  test('are said before its first question, not again, and again where the question is repeated later', () => {
    const [first, second] = converse(phq9, ['0']);
    const spoken = call(phq9, ['1', '0']).map((turn) => turn.prompt.say.join(' '));

    expect(first?.say).toMatch(/^Over the last 2 weeks, .* Little interest/);
    expect(second?.say).toMatch(/^Feeling down/);
    expect(openQuestion(phq9, second?.progress ?? freshDialogue(), 'zh')).toMatch(/^在过去的两周里.*感到心情低落/);
    expect(spoken[1]).toContain('Over the last 2 weeks');
    expect(spoken[2]).not.toContain('Over the last 2 weeks');
  });
});

describe('a conversation that changes its channel in the middle', () => {
  test('goes on where it stood, and keeps how each answer came', () => {
    const byText = last(converse(adherence, ['3'])).progress;
    const byVoice = last(call(adherence, ['1', '2'], byText)).progress.dialogue;
    const end = takeTextTurn(adherence, takeTextTurn(adherence, byVoice, 'dizzy', 'en').progress, '1', 'en');

    expect(end.status).toBe('completed');
    expect(end.progress.answeredBy).toEqual({
      missed_days: { respondent: 'patient', channel: 'sms' }, reason: { respondent: 'patient', channel: 'voice' },
      unwell_how: { respondent: 'patient', channel: 'sms' }, supply: { respondent: 'patient', channel: 'sms' },
    });
  });

  test('goes on under a questionnaire that got a question more meanwhile', () => {
    const before = { ...wound, items: wound.items.filter((item) => item.id !== 'temperature') };
    const begun = last(converse(before, ['no', '2']));

    expect(openItem(wound, begun.progress)?.id).toBe('temperature');
  });
});

describe('progress that an earlier release has stored', () => {
  const old = { schemaVersion: 1, answers: { danger: 'no', temperature: 37 }, itemIndex: 2, reasked: 1, respondent: 'patient' };

  test('of a text goes on at the question that was open', () => {
    const read = dialogueProgressSchema.parse(old);

    expect(read).toEqual({ schemaVersion: 2, answers: { danger: 'no', temperature: 37 }, skipped: [], answeredBy: {}, reasked: 1, respondent: 'patient' });
    expect(openItem(wound, read)?.id).toBe('pain');
  });

  test('of a call does too, read as a call and as a text', () => {
    const stored = { ...old, schemaVersion: 1, stage: 'questions', recording: 'refused', misses: 1, dialogue: old };

    expect(voiceProgressSchema.parse(stored)).toMatchObject({ schemaVersion: 2, stage: 'questions', misses: 1, dialogue: { schemaVersion: 2, answers: old.answers } });
    expect(dialogueProgressSchema.parse(stored).answers).toEqual(old.answers);
  });

  test('that was complete stays complete', () => {
    const complete = dialogueProgressSchema.parse({ ...old, itemIndex: 6, answers: { danger: 'no', temperature: 37, pain: 1, pain_before: 1, redness: 'no', wound: 'closed' } });

    expect(openItem(wound, complete)).toBeUndefined();
  });
});

describe('somebody who answers for the patient', () => {
  test('on the phone gets no question, and what the patient has answered stays the patient\'s', () => {
    const begun = last(converse(phq9, ['1'])).progress;
    const turn = last(call(phq9, ['2'], begun));

    expect(turn).toMatchObject({ ended: 'caregiver', progress: { dialogue: { respondent: 'patient', answers: { interest: 'several_days' } } } });
    expect(turn.prompt.say.join(' ')).not.toMatch(/Little interest|Feeling down|better off dead/);
  });

  test('is never asked what only the patient may answer', () => {
    const given = { answers: { eaten: 3 }, skipped: [], answeredBy: {} };

    expect(openItem(proxy, { ...freshDialogue(), respondent: 'caregiver', answers: { eaten: 3 } })).toBeUndefined();
    expect(openItem(phq9, { ...freshDialogue(), respondent: 'caregiver' })).toBeUndefined();
    expect(responseOf(proxy, { ...given, respondent: 'caregiver' }, 'staff').isComplete).toBe(true);
    expect(responseOf(proxy, { ...given, respondent: 'patient' }, 'staff').isComplete).toBe(false);
    expect(responseOf(phq9, { ...given, answers: {}, respondent: 'caregiver' }, 'staff').isComplete).toBe(false);
  });
});
