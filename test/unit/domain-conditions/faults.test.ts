import { describe, expect, test } from 'vitest';
import { conditionFaults } from '../../../domain/conditions/evaluate.ts';
import { factsSchema } from '../../../domain/conditions/facts.ts';
import type { Scope } from '../../../domain/conditions/scope.ts';
import { scopeOfAnswers } from '../../../domain/conditions/scope.ts';
import { shipped } from '../domain-dialogue/questionnaires.ts';
import { scope } from './world.ts';

const told = (condition: string, within: Scope = scope): string => conditionFaults(condition, within).map(({ sentence }) => sentence).join('\n');

describe('a plain condition', () => {
  test.each([
    ['pain atleast 7', '"atleast" is not understood at column 6. Did you mean at least?'],
    ['pain', 'What "pain" must be is missing at column 5. Compare it with a number, such as pain at least 10.'],
    ['wound at least 3', '"wound" is compared with a number at column 16. Compare it with one of its options, such as wound is closed.'],
    ['diabetes is maybe', '"diabetes" is compared with a text at column 13. Write diabetes is yes, or diabetes is no.'],
    ['pain between 6 and 4', 'The numbers stand in the wrong order at column 14.'],
    ['pain at least seven', 'A number is missing at column 15.'],
    ['phq score at least 3', 'No score is called "phq" at column 1. Use one of healing.'],
    ['due_date before 2026-02-30', '"2026-02-30" is no date at column 17.'],
    ['it is before 25:00', '"25:00" is no time of day at column 14.'],
    ['it is a holiday', 'This is nothing that the calendar tells at column 7.'],
    ['3 days since surgry', 'The plan has no anchor "surgry" at column 14. Did you mean surgery?'],
    ['wound up by 3 since pain', 'The step "pain" does not ask "wound" at column 21. Use one of the steps that ask it: wound-day-3.'],
    ['wound is pus or open and danger is yes', 'Add brackets'],
    ['danger is yes and wound is pus or open', 'Add brackets'],
    ['wound is not pus or open', '"is not" with "or" can be read in two ways at column 18.'],
    ['it is not monday or friday', '"is not" with "or" can be read in two ways'],
    ['not pain at least 3', 'It is not clear what "not" is about at column 1. Put it in brackets'],
    ['(pain at least 3', 'A bracket is not closed at column 17.'],
    ['pain at least 3)', 'A bracket is closed that was not opened at column 16.'],
    ['pain at least 3 tagged frail', '"tagged" is not understood at column 17. Join conditions with "and" or "or".'],
    ['疼痛 至少 7', 'Nothing is called "疼痛" at column 1. Use one of danger, temperature, pain'],
    [' ', 'The condition is empty.'],
  ])('%s is refused with its column and what to do', (condition, sentence) => {
    expect(told(condition)).toContain(sentence);
  });

  test('tells all that is wrong with it, in the order of its text', () => {
    const faults = conditionFaults('pian at least 7 and wound is puss and tagged frial', scope);

    expect(faults.map(({ start, end }) => [start, end])).toEqual([[0, 4], [29, 33], [45, 50]]);
  });

  test('whose name is a fact and an answer is told how to write which', () => {
    const twice = { ...scope, facts: factsSchema.parse({ pain: { kind: 'yes-no', title: { en: 'Pain' } } }) };

    expect(told('pain at least 7', twice)).toBe('"pain" has more than one meaning at column 1. Write answers.pain or facts.pain.');
    expect(told('answers.pain at least 7 and facts.pain is yes', twice)).toBe('');
  });

  test('may not name the calendar where there is none', () => {
    expect(told('it is a weekend', scopeOfAnswers(shipped('wound-check')))).toBe('The calendar is not known here at column 1. Leave it out of this condition.');
  });
});

describe('a CEL condition', () => {
  test.each([
    ['at least 3 days since surgery and answers.pain + 1 > 3', 'A sign such as + or >= makes this CEL: write all of it so'],
    ['answers.pain > 3 且 answers.pain < 5', 'A sign such as + or >= makes this CEL: write all of it so'],
    ['pain >= 8', 'Unknown variable: pain at column 1. Did you mean answers.pain?'],
    ['answers.pain + 1', 'This gives a number at column 1. Make the condition true or false'],
    ['answers.pain >=', 'The condition ends too early at column 16.'],
    ['answers["pain"] > 3', 'Write answers.name instead'],
    ['answers.wound < "pus"', '"wound" has no order'],
    ['!facts.age', '"facts.age" is a number at column 8.'],
    ['facts.diabetes + 1 > 2', '"facts.diabetes" is true or false at column 7. Use "+" between numbers only.'],
    ['facts.diabetes == true - 1', '"true" is true or false at column 19. Use "-" between numbers only.'],
    ['"frial" in tags', 'The plan has no tag "frial" at column 1. Did you mean frail?'],
    ['answers.wound in tags', 'A tag is not written in quotes at column 1.'],
    ['calendar.weekday == "sunday"', '"sunday" is no option of "weekday"'],
    ['calendar.days_since.surgry > 3', 'Did you mean calendar.days_since.surgery?'],
    ['facts.due_date < "soon"', '"soon" is no date at column 18. Write the date as 2026-03-29.'],
    ['has(answers.pain)', 'a condition on a missing answer is unknown by itself'],
    ['tags.exists(t, t == "frail")', '"exists()" is not part of conditions'],
    ['answers.wound.matches("(a+)+$")', 'Use contains() instead of matches().'],
    ['size(answers.wound) > 3', '"size()" is not part of conditions'],
    ['tags == ["frail"]', '"tags" stands alone at column 1.'],
    ['answers == answers', '"answers" stands alone'],
    ['{} == {}', 'This part of CEL is not used in conditions'],
    ['null == null', 'This value is of no use in conditions'],
    ['answers.pain > 3 ? 1 : true', 'The two sides of ":" are of different types'],
    ['facts.__proto__ == "x"', 'No such key: __proto__ at column 7.'],
    ['constructor == 1', 'Unknown variable: constructor at column 1.'],
    ['earlier.wound_day_4.pain > 3', 'Did you mean earlier.wound_day_3.pain?'],
    [`${'('.repeat(40)}true || false${')'.repeat(40)}`, 'Brackets stand too deep in one another at column 33.'],
    [`true${' && true'.repeat(110)}`, 'The condition has too many parts'],
    [`true${' && true'.repeat(200)}`, 'The condition is too long. Keep it within 1000 characters.'],
  ])('%s is refused with what to do', (condition, sentence) => {
    expect(told(condition)).toContain(sentence);
  });

  test.each(['answers.pain >= 8', 'answers.pain == 8', '8 < answers.pain', 'answers.pain - 1 > 7', 'answers.temperature in [38, 38.5]', 'answers.pain - answers.pain_before > -1'])('%s is right without a decimal point', (condition) => {
    expect(told(condition)).toBe('');
  });

  test('tells all that is wrong with it, in the order of its text', () => {
    const faults = conditionFaults('answers.wound in ["pus", "opened"] && answers.pian > 99 || answers.pain > 11', scope);

    expect(faults.map(({ start }) => start)).toEqual([25, 46, 74]);
  });
});
