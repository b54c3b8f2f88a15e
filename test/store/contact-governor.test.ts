import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channels } from '../../domain/codes.ts';
import { holdOf } from '../../domain/contact/governor.ts';
import type { BegunContact, GovernedContact } from '../../domain/contact/governor.ts';
import { contactLimits } from '../../domain/contact/limits.ts';
import { plusMs } from '../../domain/time/durations.ts';
import { shareOf } from '../../domain/time/share.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

/** The gate decides in SQL what a rehearsal decides in domain/contact: one rule, compared over cases that only look random. */

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

function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

interface Case {
  patientId: string;
  begun: BegunContact[];
  wanted: GovernedContact;
  now: string;
}

const hourMs = 3_600_000;
const zones = ['UTC', 'Asia/Shanghai', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
const hours = [{ from: '08:00', to: '21:00' }, { from: '09:00', to: '09:20' }, { from: '20:00', to: '02:30' }, { from: '00:01', to: '23:59' }];

/** A patient's last nine days, around a change of the clock; half of what was begun lies on the bound itself, to the millisecond. */
function drawCase(random: () => number): Case {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const now = plusMs(pick(['2026-03-08T12:00:00.000Z', '2026-11-01T12:00:00.000Z', '2026-06-10T12:00:00.000Z']), Math.floor((random() - 0.5) * 48 * hourMs));
  const subjects = [randomUUID(), randomUUID(), randomUUID()];
  const edges = [24 * hourMs, 168 * hourMs, contactLimits.spacingMs];
  const begun = Array.from({ length: Math.floor(random() * 26) }, (): BegunContact => {
    const agoMs = random() < 0.3 ? pick(edges) + pick([-1, 0, 1]) : Math.floor(random() ** 2 * 9 * 24 * hourMs);
    return { at: plusMs(now, -agoMs), channel: pick(channels), subjectId: pick(subjects) };
  });
  const notAfter = random() < 0.4 ? plusMs(now, Math.floor(random() * 20 * hourMs)) : null;
  return { patientId: randomUUID(), begun, now, wanted: { subjectId: pick(subjects), channel: pick(channels), zone: pick(zones), hours: pick(hours), notAfter, seed: `${randomUUID()}/step-${Math.floor(random() * 9)}/2026-05-01` } };
}

async function gateAnswers(cases: readonly Case[]): Promise<string[]> {
  const attempts = cases.flatMap(({ patientId, begun }) => begun.map(({ at, channel, subjectId }, index) => ({ patient: patientId, at, channel, subject: subjectId, kind: `nudge-${index}` })));
  await sql`insert into care.attempt (attempt_id, subject_kind, subject_id, kind, channel, patient_id, status, claimed_at, lease_until, begun_at)
    select gen_random_uuid(), 'touchpoint', subject, kind, channel, patient, (array['sent', 'claimed', 'unknown'])[1 + (ascii(kind) + length(channel)) % 3], clock_timestamp(), clock_timestamp(), at
    from jsonb_to_recordset(${sql.json(attempts)}::jsonb) as r(patient uuid, at timestamptz, channel text, subject uuid, kind text)`;
  // What never went out, or is no contact that we begin, is in the way of the count and must not be counted.
  await sql`insert into care.attempt (attempt_id, subject_kind, subject_id, kind, channel, patient_id, status, claimed_at, lease_until, begun_at)
    select gen_random_uuid(), 'touchpoint', gen_random_uuid(), kind, channel, patient, status, clock_timestamp(), clock_timestamp(), at - interval '1 minute'
    from jsonb_to_recordset(${sql.json(attempts)}::jsonb) as r(patient uuid, at timestamptz, channel text), (values ('first', 'held'), ('first', 'refused'), ('first', 'unreachable'), ('question-1', 'sent'), ('advice', 'sent')) as other (kind, status)`;
  const asked = cases.map(({ patientId, wanted, now }) => ({
    now, channel: wanted.channel, subject: wanted.subjectId, notAfter: wanted.notAfter,
    due: { plan_body: { contactHours: { ...wanted.hours } }, seed: wanted.seed }, state: { patient_id: patientId, zone: wanted.zone },
  }));
  const rows = await sql<{ answer: string }[]>`
    select coalesce(held.reason || ' ' || gate.iso(held.until), 'now') as answer
    from jsonb_array_elements(${sql.json(asked)}::jsonb) with ordinality as asked (ask, place)
    left join lateral gate.hold_of(jsonb_populate_record(null::gate.contact_subject, ask -> 'due'), jsonb_populate_record(null::phi.contact_state, ask -> 'state'),
      (ask ->> 'subject')::uuid, null, ask ->> 'channel', (ask ->> 'notAfter')::timestamptz, (ask ->> 'now')::timestamptz) as held on true
    order by place`;
  return rows.map(({ answer }) => answer);
}

function domainAnswer({ begun, wanted, now }: Case): string {
  const hold = holdOf(contactLimits, begun, wanted, now);
  return hold === null ? 'now' : `${hold.reason} ${hold.until}`;
}

describe('the gate and the domain agree', () => {
  test('on the limits as shipped', async () => {
    const rows = await sql<{ name: string; value: number }[]>`select name, value from gate.setting`;
    const setting = new Map(rows.map(({ name, value }) => [name, value]));

    const { all, channels: byChannel, spacingMs, releaseSpreadSeconds, mergeWindowMs, mergeMost } = contactLimits;
    expect({ day: setting.get('daily-contact-cap'), week: setting.get('weekly-contact-cap') }).toEqual(all);
    for (const channel of channels) expect({ day: setting.get(`daily-${channel}-cap`), week: setting.get(`weekly-${channel}-cap`) }).toEqual(byChannel[channel]);
    expect([setting.get('contact-spacing-seconds'), setting.get('release-spread-seconds'), setting.get('merge-window-seconds'), setting.get('merge-most')]).toEqual([spacingMs / 1000, releaseSpreadSeconds, mergeWindowMs / 1000, mergeMost]);
  });

  test('where a seed lies', async () => {
    const seeds = ['', 'a', ...Array.from({ length: 2_000 }, () => `${randomUUID()}/wound-day-3/2026-05-01~again-2`)];

    const rows = await sql<{ share: number }[]>`select gate.share_of(seed) as share from unnest(${seeds}::text[]) with ordinality as listed (seed, place) order by place`;

    expect(rows.map(({ share }) => share)).toEqual(seeds.map(shareOf));
  });

  test.each(['UTC', 'America/New_York'])('until when what holds a contact, and why, in fifteen hundred cases; the session is in %s', async (timeZone) => {
    await sql`select set_config('timezone', ${timeZone}, false)`;
    const random = randomNumbers(20260501);
    const cases = Array.from({ length: 1_500 }, () => drawCase(random));

    const answers = await gateAnswers(cases);

    await sql`reset timezone`;
    expect(cases.flatMap((each, index) => (domainAnswer(each) === answers[index] ? [] : [`${JSON.stringify(each)} domain ${domainAnswer(each)}, gate ${answers[index] ?? ''}`]))).toEqual([]);
    const reasons = new Set(answers.map((answer) => answer.split(' ')[0]));
    expect([...reasons].sort()).toEqual(['channel-cap', 'daily-cap', 'now', 'quiet-hours', 'spacing', 'weekly-cap']);
  });
});
