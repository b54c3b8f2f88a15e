import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalEvent, eventLeaf } from '../../store/ledger/canonical.ts';
import type { AuditEvent } from '../../store/ledger/canonical.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { createGateWorld } from '../support/gate-world.ts';
import type { GateWorld } from '../support/gate-world.ts';

let database: TestDatabase;
let world: GateWorld;
beforeAll(async () => {
  database = await createTestDatabase();
  world = await createGateWorld(database);
});
afterAll(async () => {
  await world.close();
  await database.drop();
});

const plain: AuditEvent = {
  eventId: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', at: '2026-01-31T23:59:59.000001Z', actorKind: 'person', actorId: 'x', action: 'open', purpose: 'treatment', verdict: 'allowed',
  reason: null, patientIds: [], subject: null, fields: [], detail: null,
};

test.each([
  ['nothing but what must be', {}],
  ['everything', { reason: 'r', patientIds: ['ffeebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '00eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], subject: 'touchpoint/1', fields: ['patient.name', 'address.value'], detail: 'first/sms' }],
  ['empty words, which are not NULL', { reason: '', subject: '', detail: '' }],
  ['letters beyond ASCII and beyond the basic plane', { actorId: '护士', detail: '𝄞é' }],
  ['a year of five digits’ neighbour', { at: '9999-12-31T23:59:59.999999Z' }],
] as [string, Partial<AuditEvent>][])('SQL and TypeScript hash an event with %s alike', async (_name, change) => {
  const event = { ...plain, ...change };
  const nonce = randomBytes(16);

  const [row] = await world.root<{ canonical: Buffer; leaf: Buffer }[]>`
    select audit.canonical_event(event) as canonical, audit.leaf_hash(event) as leaf
    from (select (row(${event.eventId}::uuid, ${event.at}::text::timestamptz, ${event.actorKind}::text, ${event.actorId}::text, ${event.action}::text, ${event.purpose}::text, ${event.verdict}::text, ${event.reason}::text,
      ${[...event.patientIds]}::uuid[], ${event.subject}::text, ${[...event.fields]}::text[], ${event.detail}::text, ${nonce}::bytea)::audit.event).*) as event`;

  expect(row?.canonical.toString('hex')).toBe(canonicalEvent(event).toString('hex'));
  expect(row?.leaf.toString('hex')).toBe(eventLeaf(nonce, event).toString('hex'));
});

test('each event has a nonce and an event id of its own, one pending row, and a grant that knows no secret', async () => {
  const { token } = await world.person();
  const patient = await world.patient();
  const secrets = await Promise.all(Array.from({ length: 20 }, () => world.gate.open({ token, purpose: 'follow-up', action: 'show-patient', patients: [patient.patientId], fields: ['patient.name'] })));

  const [row] = await world.root<{ nonces: number; lengths: number; pending: number }[]>`
    select count(distinct nonce) as nonces, max(octet_length(nonce)) as lengths, (select count(*) from audit.pending join audit.event using (event_id) where patient_ids = array[${patient.patientId}::uuid]) as pending
    from audit.event where patient_ids = array[${patient.patientId}::uuid]`;
  const grants = JSON.stringify(await world.root`select to_jsonb(grant_) from gate.grant_`);

  expect(row).toEqual({ nonces: 20, lengths: 16, pending: 20 });
  expect(new Set(secrets).size).toBe(20);
  expect(secrets.every((secret) => /^[0-9a-f]{64}$/.test(secret) && !grants.includes(secret))).toBe(true);
  expect(grants).not.toContain(token);
});
