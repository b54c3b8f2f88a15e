import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { differingZones } from '../../store/zone-rules.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

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
