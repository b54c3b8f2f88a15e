import postgres from 'postgres';
import { Temporal } from 'temporal-polyfill';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isWithinContactHours, nextContactInstant } from '../../domain/time/contact-hours.ts';
import { epochMs, toInstant } from '../../domain/time/instants.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

/** The gate decides in SQL what the plan's rehearsal decides in domain/time. Two clocks, Postgres's tzdata and Node's ICU: one rule. */

const zones = Intl.supportedValuesOf('timeZone');
const hourMs = 3_600_000;
const hours = [
  { from: '08:00', to: '21:00' },
  { from: '20:00', to: '02:30' },
  { from: '02:30', to: '10:00' },
  { from: '01:30', to: '23:45' },
  { from: '23:30', to: '00:15' },
];

let database: TestDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.superuserUrl, { max: 1, onnotice: () => undefined });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

interface Question {
  zone: string;
  now: string;
  from: string;
  to: string;
}

async function gateAnswers(questions: Question[]): Promise<(string | null)[]> {
  const rows = await sql<{ at: string | null }[]>`
    select gate.iso(gate.hours_begin(jsonb_build_object('contactHours', jsonb_build_object('from', ask ->> 'from', 'to', ask ->> 'to')), ask ->> 'zone', (ask ->> 'now')::timestamptz)) as at
    from jsonb_array_elements(${sql.json(questions.map((question) => ({ ...question })))}::jsonb) with ordinality as asked (ask, position) order by position`;
  return rows.map(({ at }) => (at === null ? null : toInstant(Date.parse(at))));
}

const domainAnswer = ({ zone, now, from, to }: Question): string | null => (isWithinContactHours(now, zone, { from, to }) ? null : nextContactInstant(now, zone, { from, to }));

/** By the engine itself, not by the arithmetic under test. */
const wallClock = (instant: string, zone: string): Temporal.ZonedDateTime => Temporal.Instant.from(instant).toZonedDateTimeISO(zone);

/** The changes of a zone's clock in these years. */
function changes(zone: string, from: string, until: string): number[] {
  const found: number[] = [];
  for (let at = wallClock(from, zone).getTimeZoneTransition('next'); at !== null && at.epochMilliseconds < epochMs(until); at = at.getTimeZoneTransition('next')) found.push(at.epochMilliseconds);
  return found;
}

/** Numbers that only look random, so that a failure comes again. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

/** Zones in which both have the same changes in these years: only there can they be asked to agree. */
async function zonesOfOneMind(from: string, until: string): Promise<{ same: string[]; differ: string[] }> {
  const probes = zones.flatMap((zone) => changes(zone, from, until).flatMap((at) => [at - 1000, at]).concat(epochMs(from), epochMs(until)).map((at) => ({ zone, at: toInstant(at) })));
  const rows = await sql<{ zone: string; same: boolean }[]>`
    select ask ->> 'zone' as zone, bool_and(extract(epoch from ((ask ->> 'at')::timestamptz at time zone (ask ->> 'zone')) - ((ask ->> 'at')::timestamptz at time zone 'UTC')) * 1000 = (ask ->> 'offsetMs')::numeric) as same
    from jsonb_array_elements(${sql.json(probes.map(({ zone, at }) => ({ zone, at, offsetMs: wallClock(at, zone).offsetNanoseconds / 1e6 })))}::jsonb) as ask group by 1`;
  return { same: rows.filter((row) => row.same).map((row) => row.zone), differ: rows.filter((row) => !row.same).map((row) => row.zone) };
}

/** Instants around every change of the clock, to the second and by chance within 30 hours, and by chance far from any. */
function instantsOf(zone: string, from: string, until: string, random: () => number): string[] {
  const near = changes(zone, from, until).flatMap((at) => [at - 1000, at, at + Math.floor((random() - 0.5) * 60 * hourMs), at - Math.floor(random() * 4 * hourMs), at + Math.floor(random() * 4 * hourMs)]);
  const far = Array.from({ length: 4 }, () => epochMs(from) + Math.floor(random() * (epochMs(until) - epochMs(from))));
  return [...near, ...far].map(toInstant);
}

async function disagreements(questions: Question[]): Promise<string[]> {
  const answers = await gateAnswers(questions);
  return questions.flatMap((question, index) => {
    const expected = domainAnswer(question);
    return answers[index] === expected ? [] : [`${Object.values(question).join(' ')}: domain ${expected ?? 'now'}, gate ${answers[index] ?? 'now'}`];
  });
}

describe('the gate and the domain agree when contact hours begin', () => {
  test('in every zone, around every change of the clock, for hours that it cuts, skips and repeats', async () => {
    const [from, until] = ['2026-01-01T00:00:00Z', '2028-01-01T00:00:00Z'];
    const { same, differ } = await zonesOfOneMind(from, until);
    const random = randomNumbers(20260501);

    const found = await disagreements(same.flatMap((zone) => instantsOf(zone, from, until, random).flatMap((now) => hours.map((each) => ({ zone, now, ...each })))));

    expect(found).toEqual([]);
    // Postgres and Node carry the world's zones each by itself; a zone whose rule only one of them knows yet is left out, and few may be.
    expect(same.length + differ.length).toBe(zones.length);
    expect(differ.length).toBeLessThan(10);
  });

  test.each([
    ['a day that Apia skipped', 'Pacific/Apia', '2011-12-28T00:00:00Z', '2012-01-01T00:00:00Z'],
    ['a day that Fakaofo skipped', 'Pacific/Fakaofo', '2011-12-28T00:00:00Z', '2012-01-01T00:00:00Z'],
    ['a midnight that came twice', 'America/Asuncion', '2024-03-22T00:00:00Z', '2024-03-26T00:00:00Z'],
    ['a change one minute after midnight', 'America/St_Johns', '2010-11-06T00:00:00Z', '2010-11-09T00:00:00Z'],
    ['half an hour', 'Australia/Lord_Howe', '2026-04-03T00:00:00Z', '2026-04-07T00:00:00Z'],
    ['half an hour for good', 'Asia/Pyongyang', '2018-05-03T00:00:00Z', '2018-05-07T00:00:00Z'],
  ])('over %s', async (_name, zone, from, until) => {
    const everyTenMinutes = Array.from({ length: (epochMs(until) - epochMs(from)) / 600_000 }, (_, index) => toInstant(epochMs(from) + index * 600_000));

    const found = await disagreements(everyTenMinutes.flatMap((now) => hours.map((each) => ({ zone, now, ...each }))));

    expect(found).toEqual([]);
  });

  test('whatever the session calls its own time zone', async () => {
    const question = { zone: 'America/New_York', now: '2026-03-08T06:00:00.000Z', from: '02:30', to: '10:00' };
    await sql`set timezone = 'Australia/Lord_Howe'`;

    const answer = await gateAnswers([question]);

    await sql`reset timezone`;
    expect(answer).toEqual(['2026-03-08T07:00:00.000Z']);
  });

  test('hours without length hold a contact: they never let it out', async () => {
    const answer = await gateAnswers([{ zone: 'Asia/Shanghai', now: '2026-05-01T04:00:00.000Z', from: '08:00', to: '08:00' }]);

    expect(answer).toEqual(['2026-05-02T04:00:00.000Z']);
  });
});
