import { describe as suite, expect, test } from 'vitest';
import { describe } from '../../../domain/conditions/describe.ts';
import { scopeOfAnswers } from '../../../domain/conditions/scope.ts';
import { shipped } from '../domain-dialogue/questionnaires.ts';
import { scope } from './world.ts';

suite('a condition in words', () => {
  test.each([
    ['pain at least 7', 'the answer to “How strong is the pain at your wound now?” is at least 7', '“您的伤口现在有多痛？”的回答至少为7'],
    ['38 <= answers.temperature', 'the answer to “What is your temperature today?” is at least 38 °C', '“您今天的体温是多少？”的回答至少为38 °C'],
    ['wound is pus or open', 'the answer to “How does the wound look?” is “Pus or bad smell” or “Edges open”', '“伤口看起来怎么样？”的回答为“流脓或有异味”或“伤口裂开”'],
    ['age between 40 and 69', 'Age is between 40 and 69 years', '年龄在40到69 years之间'],
    ['pain up by 3 since wound-day-3', 'the answer to “How strong is the pain at your wound now?” is up by at least 3 since “Day 3”', '“您的伤口现在有多痛？”的回答比“第三天”时至少升高3'],
    ['!facts.diabetes || facts.diabetes', 'Diabetes is no or Diabetes is yes', '糖尿病为否，或糖尿病为是'],
    ['diabetes is not yes', 'Diabetes is no', '糖尿病为否'],
    ['due_date before 2026-03-29', 'Due date is before 2026-03-29', '预产期早于2026-03-29'],
    ['earlier.wound-day-3.danger is yes', 'the answer to “Do you have chest pain, trouble breathing, or bleeding that does not stop when you press on it?” in “Day 3” is “Yes”', '“第三天”时“您有没有胸痛、呼吸困难，或者按压后仍止不住的出血？”的回答为“有”'],
    ['healing score at least 10', 'the healing score is at least 10', '愈合得分至少为10'],
    ['not tagged frail and not (it is a weekend)', 'the patient is not tagged “frail” and it is not a weekend', '患者没有标签“frail”，且今天不是周末'],
    ['(smoking is never or daily) and it is sunday', '(Smoking is “Never” or “Daily”) and it is Sunday', '（吸烟为“从不”或“每天”），且今天是星期日'],
    ['calendar.days_since.surgery > calendar.days_since.last_visit', 'the days since the surgery is more than the days since the last visit', '距手术的天数高于距the last visit的天数'],
    ['3 days since surgery or (tagged frail and it is before 9:30)', 'it is exactly 3 days since the surgery or (the patient is tagged “frail” and it is before 09:30)', '距手术正好3天，或（患者带有标签“frail”，且现在早于09:30）'],
    ['answers.pain - answers.pain_before >= 3', '(the answer to “How strong is the pain at your wound now?” minus the answer to “And how strong was it two days ago, from 0 to 10?”) is at least 3', '（“您的伤口现在有多痛？”的回答减“两天前有多痛？”的回答）至少为3'],
    ['facts.age >= 65 ? facts.diabetes : calendar.is_business_day', 'if Age is at least 65 years, then Diabetes is yes, otherwise it is a business day', '若年龄至少为65 years，则糖尿病为是，否则今天是工作日'],
  ])('%s', (condition, english, chinese) => {
    expect(describe(condition, scope, 'en')).toBe(english);
    expect(describe(condition, scope, 'zh')).toBe(chinese);
  });

  test('says the title of a question that has one', () => {
    const titled = scopeOfAnswers({ items: shipped('pain-check').items.map((item) => ({ ...item, title: { en: 'Pain', zh: '疼痛' } })) });

    expect([describe('pain at least 7', titled, 'en'), describe('pain at least 7', titled, 'zh')]).toEqual(['Pain is at least 7', '疼痛至少为7']);
  });

  test('is the same for both forms', () => {
    expect(describe('answers.pain >= 4 && answers.pain <= 6', scope, 'en')).toBe(describe('pain between 4 and 6', scope, 'en'));
  });

  test('that cannot be read stays as it stands', () => {
    expect(describe('pain and and', scope, 'zh')).toBe('pain and and');
  });
});
