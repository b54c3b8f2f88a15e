import { afterAll, beforeAll, expect, test } from 'vitest';
import { planSchema } from '../../domain/plan/format.ts';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { differingZones } from '../../store/zone-rules.ts';
import { unknownHolidays } from '../../store/unknown-holidays.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { publish } from '../support/publish.ts';

let database: TestDatabase;
let worker: Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  worker = connect(database.url('ct_worker'), { max: 1 });
});
afterAll(async () => {
  await worker.end();
  await database.drop();
});

test('a zone whose rules are the same for Node and Postgres is not named, winter and summer, on both halves of the earth', async () => {
  expect(await differingZones(worker, new Date('2020-01-15T00:00:00Z'), ['America/New_York', 'Asia/Kathmandu', 'Asia/Shanghai', 'Australia/Sydney', 'Australia/Lord_Howe', 'Europe/London'])).toEqual([]);
});

test('a zone whose rules differ for part of the year is named', async () => {
  // A zone of ours that has a namesake with other rules, as an outdated tz database has: only the name is exchanged.
  const shifted = new Proxy(worker, {
    apply: async (target, self, given: [TemplateStringsArray, ...unknown[]]) => {
      const rows = (await Reflect.apply(target, self, given)) as { zone: string }[];
      return rows.map((row) => (row.zone === 'America/Phoenix' ? { ...row, zone: 'America/Denver' } : row));
    },
  });

  expect(await differingZones(shifted, new Date('2026-01-15T00:00:00Z'), ['America/Phoenix', 'Asia/Shanghai'])).toEqual(['America/Denver']);
});

test('a year whose holidays are not published is named with the plans that count its days, once it is near', async () => {
  const root = connect(database.superuserUrl, { max: 1 });
  const steps = [{ kind: 'task', id: 'call', title: { en: 'Call' }, instruction: 'call', at: { anchor: 'start', businessDays: 1 }, lateness: { sendWithin: 'P1D', otherwise: 'task' } }];
  const plan = { format: 'carethread.plan/1', title: { en: 'Plan' }, department: 'surgery', anchors: { start: { kind: 'date', title: { en: 'Start' } } }, channels: ['sms'], steps, ladders: {} };
  const planOf = (id: string, version: number, holidays: string | undefined) => publish(root, planSchema.parse({ ...plan, id, version, businessHours: { days: ['mon'], from: '08:00', to: '17:00', holidays } }), {});
  for (const [id, version, country] of [['left', 1, 'CN'], ['left', 2, undefined], ['chinese', 1, 'CN'], ['american', 1, 'US']] as const) await planOf(id, version, country);
  await root.end();

  const [far, near] = [await unknownHolidays(worker, new Date('2026-06-01T00:00:00Z')), await unknownHolidays(worker, new Date('2099-12-01T00:00:00Z'))];

  expect(far).toEqual([]);
  expect(near).toEqual([2099, 2100].map((year) => ({ country: 'CN', year, plans: ['chinese/1'] })));
});
