import { expect, test } from 'vitest';
import type { MigrationLook } from '../../../domain/migration/look.ts';
import type { MigrationChange } from '../../../domain/migration/types.ts';
import { wordsOfGroup } from '../../../domain/migration/words.ts';
import { planSchema } from '../../../domain/plan/format.ts';

const lateness = { sendWithin: 'PT8H', otherwise: 'skip' };
const remind = (id: string, en: string, zh: string, more: Record<string, unknown> = {}) => ({ kind: 'remind', id, title: { en, zh }, message: 'welcome', at: { anchor: 'start', localTime: '09:00' }, lateness, ...more });
const plan = (version: number, steps: Record<string, unknown>[]) => planSchema.parse({ format: 'carethread.plan/1', id: 'sample', version, title: { en: 'Sample' }, department: 'surgery', channels: ['sms'], ladders: {}, anchors: { start: { kind: 'date', title: { en: 'Start' } } }, steps });
const from = plan(1, [remind('pain', 'Pain', '疼痛')]);
const to = plan(2, [remind('wound', 'Wound check', '伤口检查'), remind('diet', 'Diet', '饮食'), remind('weight', 'Weight', '体重', { every: { rule: 'FREQ=DAILY;COUNT=3' } })]);
const change = (kind: MigrationChange['kind'], stepId: string): MigrationChange => ({ kind, stepId, recurrenceId: '', from: null, to: null });
const moved = (...changes: MigrationChange[]): MigrationLook => ({ result: 'moved', reason: null, changes, ends: false });

test.each<[number, MigrationLook, string, string]>([
  [312, moved(change('added', 'wound')), '312 get one more SMS ("Wound check").', '312 人多 1 条短信（“伤口检查”）。'],
  [7, moved(change('added', 'wound'), change('added', 'diet')), '7 get 2 more SMS ("Wound check", "Diet").', '7 人多 2 条短信（“伤口检查”、“饮食”）。'],
  [3, moved(change('added', 'weight'), change('added', 'weight')), '3 get one more series (SMS: "Weight").', '3 人新增 1 个系列（“体重”）。'],
  [4, moved(change('dropped', 'pain')), '4 lose a step that they are waiting for ("Pain").', '4 人失去正在等待的 1 个步骤（“疼痛”）。'],
  [5, moved(), '5 go on as before, in version 2.', '5 人照旧进行，改为版本 2。'],
  [2, { result: 'kept', reason: null, changes: [], ends: false }, '2 stay in version 1.', '2 人留在版本 1。'],
  [6, { result: 'refused', reason: 'contact-in-flight', changes: [], ends: false }, '6 are not moved now: a contact with them is under way.', '6 人暂不迁移：正在联系中。'],
  [1, { ...moved(change('late', 'diet')), result: 'restarted', ends: true }, '1 begin version 2 anew; have a step whose new time is over, and that is late ("Diet"); come to the end of the plan.', '1 人重新开始版本 2；1 个步骤新的时间已过，按逾期处理（“饮食”）；随访计划随之结束。'],
])('%i patients who are changed alike are told in a sentence', (count, look, en, zh) => {
  expect(wordsOfGroup(count, look, from, to)).toEqual({ en, zh });
});
