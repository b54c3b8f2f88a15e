import { describe, expect, test } from 'vitest';
import { readAnswer } from '../../../domain/dialogue/read-answer.ts';
import { openQuestion, openText, takeTextTurn } from '../../../domain/dialogue/text-turn.ts';
import { eventsOfTurn } from '../../../domain/dialogue/turn-events.ts';
import type { TextTurn } from '../../../domain/dialogue/types.ts';
import type { Item } from '../../../domain/questionnaire/format.ts';
import { shipped } from './questionnaires.ts';

const wound = shipped('wound-check');
const pain = shipped('pain-check');

function itemOf(id: string): Item {
  const item = wound.items.find((candidate) => candidate.id === id);
  if (item === undefined) throw new Error(`No item ${id}.`);
  return item;
}
const read = (id: string, reply: string): unknown => {
  const answer = readAnswer(itemOf(id), reply);
  return answer.kind === 'answer' ? answer.value : answer.kind;
};
function converse(replies: readonly string[], language: 'en' | 'zh' = 'en'): TextTurn {
  return replies.reduce((turn, reply) => takeTextTurn(wound, turn.progress, reply, language), openText(wound, language));
}

describe('an answer', () => {
  test.each(['38.5', '38,5', '３８．５', '３８，５', '38.5 C', '38.5°C', '38.5℃', '38.5度', '38度5', '38.50', 'about 38.5', "it's 38.5 now", 'thirty eight point five', '三十八点五', '三十八度五', '三十八度半', '体温38.5', '38.5.'])('"%s" is a temperature of 38.5', (reply) => {
    expect(read('temperature', reply)).toBe(38.5);
  });

  test.each(['8', '８', '八', 'eight', '8/10', '8 out of 10', '8分', '八分', '8️⃣', 'pain is 8', '8!', '大概8'])('"%s" is a pain of 8', (reply) => {
    expect(read('pain', reply)).toBe(8);
  });

  test.each(['101 F', '38 or 39', '38-39', '38.55', '1,200', '30 8', 'hot', '', '👍'])('"%s" is no clear temperature', (reply) => {
    expect(read('temperature', reply)).toBe('not-understood');
  });

  test.each(['11', '-1', '一百', '100'])('"%s" is out of the range of pain', (reply) => {
    expect(read('pain', reply)).toBe('out-of-range');
  });

  test.each([
    ['1', 'yes'], ['１', 'yes'], ['一', 'yes'], ['1.', 'yes'], ['1)', 'yes'], ['Yes!', 'yes'], ['y', 'yes'], ['有', 'yes'], ['1 yes', 'yes'], ['option 2', 'no'], ['选2', 'no'], ['没有', 'no'], ['NOPE', 'no'], ['two', 'no'],
    ['3', 'not-understood'], ['12', 'not-understood'], ['yes and no', 'not-understood'], ['1 no', 'not-understood'], ['not yes', 'not-understood'],
  ])('"%s" to a yes-or-no question is %s', (reply, expected) => {
    expect(read('redness', reply)).toBe(expected);
  });
});

describe('a conversation by text', () => {
  test('asks one question after the other and ends with thanks', () => {
    const turn = converse(['no', '37,2', '3', '三', '2', '1']);

    expect(turn).toMatchObject({ status: 'completed', say: 'Thank you. Your answers are recorded.' });
    expect(turn.progress.answers).toEqual({ danger: 'no', temperature: 37.2, pain: 3, pain_before: 3, redness: 'no', wound: 'closed' });
  });

  test('says how to answer, in the language of the patient', () => {
    expect(openText(pain, 'en').say).toBe('How strong is your pain now? 0 is no pain, 10 is the worst pain you can think of. Reply with a number from 0 to 10.');
    expect(openText(wound, 'zh').say).toContain('请回复 1 有，2 没有。');
  });

  test('asks again once when the answer is out of range, then gives it to staff with what was answered', () => {
    const asked = converse(['no', '385']);
    const given = takeTextTurn(wound, asked.progress, '386', 'en');
    const later = takeTextTurn(wound, given.progress, '38.6', 'en');

    expect(asked).toMatchObject({ status: 're-asked', say: 'The number must be from 34 to 43. What is your temperature today? Reply with a number from 34 to 43 C.' });
    expect(given).toMatchObject({ status: 'given-to-staff', say: null, progress: { answers: { danger: 'no' } } });
    expect(later.status).toBe('given-to-staff');
  });

  test('counts misunderstandings for each question apart', () => {
    const turn = converse(['perhaps', 'no', 'hot', '37']);

    expect(turn.status).toBe('asked');
    expect(turn.progress).toMatchObject({ reasked: 0, answers: { danger: 'no', temperature: 37 } });
  });

  test('gives what comes after the end to staff, and keeps the answers', () => {
    const done = takeTextTurn(pain, openText(pain, 'en').progress, '2', 'en');

    const late = takeTextTurn(pain, done.progress, 'I meant 9', 'en');

    expect(late).toEqual({ progress: done.progress, say: null, status: 'given-to-staff' });
  });

  test('repeats the open question for a nudge, and nothing when none is open', () => {
    const open = openText(pain, 'zh');
    const done = takeTextTurn(pain, open.progress, '2', 'zh');

    expect(openQuestion(pain, open.progress, 'zh')).toBe(open.say);
    expect(openQuestion(pain, done.progress, 'zh')).toBeNull();
  });
});

test.each([
  ['nothing is answered yet', {}, [], true],
  ['there is an answer', { danger: 'no' }, [], false],
  ['a question was left out', {}, ['danger'], false],
] as const)('words that cannot be read are told as such where %s', (_where, answers, skipped, isUnread) => {
  const turn: TextTurn = { status: 're-asked', say: 'Again, please.', progress: { ...openText(wound, 'en').progress, answers: { ...answers }, skipped: [...skipped], reasked: 1 } };

  const events = eventsOfTurn(turn, [], { receivedAt: '2026-03-02T10:00:00.000Z', retaken: false });

  expect(events).toEqual([{ kind: 'answered-item', at: '2026-03-02T10:00:00.000Z', ...(isUnread ? { isUnread } : {}) }]);
});
