import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { receiveMissedText } from '../../api/inbound/receive-text.ts';
import { keyIdOf } from '../../store/vault/seal.ts';
import { workflowIdOf } from '../../domain/threads.ts';
import { readHealth } from '../../store/health.ts';
import { differenceKinds } from '../../store/reconcile.ts';
import { unmannedRotas } from '../../store/rotas.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { reconcileCommand } from '../../worker/reconcile-command.ts';
import type { Compared } from '../../worker/reconcile-command.ts';
import { reconcile, startThreads } from '../../worker/reconcile.ts';
import { createCareWorld, dueAt, firstReminder, Killed, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';
import { useDevServer } from '../support/temporal.ts';

const server = useDevServer();
let world: CareWorld;
let connection: Connection;
let client: Client;
const planted = new Set<string>();
beforeAll(async () => {
  world = await createCareWorld();
  for (const rota of ['on-call-1', 'on-call-2', 'supervisor', 'nurse']) await world.onRota(rota);
  connection = await Connection.connect({ address: server().address });
  client = new Client({ connection });
});
afterAll(async () => {
  await connection.close();
  await world.close();
});
afterEach(() => world.reset());

const noPoll = 'nobody works on this queue';
/** What was told a while ago, by the database's clock. */
const toldLongAgo = () => world.root`update care.inbox set told_at = told_at - interval '10 minutes'`;
const start = (workflowId: string) => client.workflow.start('followUp', { workflowId, taskQueue: noPoll, args: [] });
const ask = { id: 'pain', kind: 'ask', questionnaire: 'pain-check', channels: ['sms'], reply: { window: 'PT6H', nudges: [], silence: 'task' } };
const call = { id: 'call', kind: 'call', questionnaire: 'recovery-call', record: true, redial: [] };

/** The differences that are of these things, as kind and subject. */
async function differencesOf(...subjects: string[]): Promise<string[]> {
  const all = await reconcile({ sql: world.worker, client, sms: world.deps.sms, asOf: world.clock.now.toISOString(), since: new Date(Date.now() - 3_600_000), graceSeconds: -5 });
  for (const { message } of all) expect(message).not.toContain('+1');
  const found = all.filter((difference) => subjects.some((subject) => difference.subject.endsWith(subject))).map((difference) => difference.kind);
  for (const kind of found) planted.add(kind);
  return found.sort();
}

async function enrolled(...steps: ({ id: string } & Record<string, unknown>)[]) {
  const patient = await world.patient();
  const made = await world.enrol(patient, steps);
  await start(workflowIdOf('followUp', made.enrolmentId));
  return { patient, ...made, touchpointId: made.touchpoints[steps[0]?.id ?? ''] ?? '' };
}

describe('reconciliation', () => {
  test('of a world in order finds nothing', async () => {
    const { enrolmentId, touchpoints } = await enrolled({ id: 'visit' }, ask);
    await runFollowUp(world, enrolmentId);
    await runConversation(world, touchpoints['pain'] ?? '');
    await start(workflowIdOf('questionnaire', touchpoints['pain'] ?? ''));
    await toldLongAgo();

    const differences = await reconcile({ sql: world.worker, client, sms: world.deps.sms, asOf: dueAt, since: new Date(Date.now() - 3_600_000), graceSeconds: -5 });

    expect(differences).toEqual([]);
  });

  test('names a step that was due and not begun', async () => {
    const { touchpointId } = await enrolled({ id: 'visit' });
    world.at('2026-03-02T10:02:01.000Z');

    expect(await differencesOf(touchpointId)).toEqual(['touchpoint-overdue']);
    world.at('2026-03-02T10:01:59.000Z');
    expect(await differencesOf(touchpointId)).toEqual([]);
  });

  test('is as of the instant that the command was told, else of now', async () => {
    const { touchpointId } = await enrolled({ id: 'visit' });
    const compared: Compared[] = [];
    const command = async (...args: string[]): Promise<[number, boolean]> => {
      const compare = (asked: Compared) => {
        compared.push(asked);
        return reconcile({ sql: world.worker, client, sms: world.deps.sms, asOf: asked.asOf.toISOString(), since: new Date(Date.now() - 3_600_000), graceSeconds: -5 });
      };
      const { exitCode, text } = await reconcileCommand(args, { compare, start: () => Promise.reject(new Error('nothing was to be started')) }, new Date('2026-03-02T10:01:59.000Z'));
      return [exitCode, text.includes(touchpointId)];
    };
    await toldLongAgo();

    const now = await command();
    const later = await command('--at', '2026-03-02T11:02:01+01:00', '--hours', '2');
    const asJson = await command('--json', '--at', '2026-03-02T10:02:01Z');
    const wrong = await command('--at', 'tomorrow');

    expect([now[1], later, asJson, wrong]).toEqual([false, [1, true], [1, true], [2, false]]);
    expect(compared.map(({ since }) => since.toISOString())).toEqual(['2026-03-01T10:01:59.000Z', '2026-03-02T08:02:01.000Z', '2026-03-01T10:02:01.000Z']);
  });

  test('names a reminder whose receipt nobody waits for any more', async () => {
    const { enrolmentId, touchpointId } = await enrolled({ id: 'visit' });
    await runFollowUp(world, enrolmentId);
    world.at('2026-03-02T16:02:01.000Z');

    expect(await differencesOf(touchpointId)).toEqual(['touchpoint-overdue']);
  });

  test('names a step that is open without its conversation', async () => {
    const { enrolmentId, touchpointId } = await enrolled(ask);
    await runFollowUp(world, enrolmentId);
    await world.root`update care.conversation set closed_at = clock_timestamp() where touchpoint_id = ${touchpointId}`;

    expect(await differencesOf(touchpointId)).toContain('conversation-lost');
  });

  test('names a conversation whose first contact, or whose window, is overdue', async () => {
    const late = await enrolled(ask);
    await runFollowUp(world, late.enrolmentId);
    const silent = await enrolled(ask);
    await runFollowUp(world, silent.enrolmentId);
    await runConversation(world, silent.touchpointId);

    world.at('2026-03-02T10:02:01.000Z');
    expect(await differencesOf(late.touchpointId)).toEqual(['conversation-overdue']);
    expect(await differencesOf(silent.touchpointId)).toEqual([]);
    world.at('2026-03-02T16:02:01.000Z');
    expect(await differencesOf(silent.touchpointId)).toEqual(['conversation-overdue']);
  });

  test('names no conversation that is paused, as with a patient in hospital', async () => {
    const asked = await enrolled(ask);
    await runFollowUp(world, asked.enrolmentId);
    await runConversation(world, asked.touchpointId);
    await world.tell(asked.enrolmentId, { kind: 'paused', by: 'person/nurse', reason: 'admitted' });
    await runFollowUp(world, asked.enrolmentId);
    await runConversation(world, asked.touchpointId);

    world.at('2026-03-09T10:00:00.000Z');

    expect(await differencesOf(asked.touchpointId)).toEqual([]);
  });

  test('names an alert whose page is overdue', async () => {
    const { patientId } = await world.patient();
    const escalationId = await world.escalation(patientId);
    world.at('2026-03-02T10:02:01.000Z');

    expect(await differencesOf(`escalation/${escalationId}`)).toEqual(['escalation-overdue']);
  });

  test('names a call that never ended', async () => {
    const { enrolmentId, touchpointId } = await enrolled(call);
    await runFollowUp(world, enrolmentId);
    const next = await runConversation(world, touchpointId);
    if (next.kind !== 'call') throw new Error(next.kind);
    world.at('2026-03-02T10:20:01.000Z');

    expect(await differencesOf(`call/${next.callId}`)).toEqual(['call-overdue']);
  });

  test('names a contact of which nobody knows whether it went out, until staff have it', async () => {
    const { enrolmentId, touchpointId } = await enrolled({ id: 'visit' });
    const command = await firstReminder(world, enrolmentId);
    world.sms.before = () => {
      throw new Killed('the process died');
    };
    await expect(world.activities.remindPatient(command)).rejects.toThrow(Killed);
    const [attempt] = await world.attempts(touchpointId);
    await world.letPass(130);

    expect(await differencesOf(attempt?.attemptId ?? 'none')).toEqual(['attempt-unresolved']);
    await world.root`update care.attempt set status = 'unknown' where attempt_id = ${attempt?.attemptId ?? ''}`;
    await world.root`insert into care.task (task_id, touchpoint_id, department, kind, title, created_at) values (${randomUUID()}, ${touchpointId}, 'surgery', 'outcome-unknown', 'visit', ${dueAt})`;
    expect(await differencesOf(attempt?.attemptId ?? 'none')).toEqual([]);
  });

  test('names a thread that was told something and has not heard it', async () => {
    const { enrolmentId } = await enrolled({ id: 'visit' });
    await toldLongAgo();

    expect(await differencesOf(enrolmentId)).toEqual(['inbox-unheard']);
  });

  test('names a message of a patient that nobody handled', async () => {
    const patient = await world.patient();
    const inboundId = randomUUID();
    const sealed = await world.vault.sealText('hello', { patientId: inboundId, field: 'inbound.body', rowId: inboundId, version: 1, retentionClass: 'inbound' });
    const { secret } = await world.inbound.gate.inboundStore({ inboundId, providerSid: `SM${inboundId}`, kind: 'sms', addressKind: 'phone', blindIndex: world.vault.blindIndex('phone', patient.phone.number), keyId: keyIdOf(sealed), sealed, receivedAt: dueAt });
    await world.root`update phi.inbound set stored_at = stored_at - interval '1 minute', taken_at = taken_at - interval '1 minute' where inbound_id = ${inboundId}`;

    expect(await differencesOf(inboundId)).toEqual(['inbound-unhandled']);
    await world.inbound.gate.inboundDone(secret, 'help');
    expect(await differencesOf(inboundId)).toEqual([]);
  });

  test('names a thread that Postgres holds open and that does not run, whether it never began or was ended', async () => {
    const never = await world.enrol(await world.patient(), [{ id: 'visit' }]);
    const ended = await enrolled({ id: 'visit' });
    await world.activities.resumePlan(never.enrolmentId);
    await world.activities.resumePlan(ended.enrolmentId);
    await client.workflow.getHandle(workflowIdOf('followUp', ended.enrolmentId)).terminate();
    await toldLongAgo();

    expect(await differencesOf(never.enrolmentId)).toEqual(['thread-missing']);
    expect(await differencesOf(ended.enrolmentId)).toEqual(['thread-missing']);
  });

  test('starts, when told to, the threads that are missing, as after a restore: they have nothing to hear, so nothing else would', async () => {
    const { enrolmentId } = await world.enrol(await world.patient(), [{ id: 'visit' }]);
    await world.activities.resumePlan(enrolmentId);
    await toldLongAgo();
    const poked: ThreadToPoke[] = [];
    const poker = { poke: (threads: readonly ThreadToPoke[]) => Promise.resolve(poked.push(...threads)) };
    const command = (...args: string[]) =>
      reconcileCommand(args, {
        compare: ({ asOf, since }) => reconcile({ sql: world.worker, client, sms: world.deps.sms, asOf: asOf.toISOString(), since }),
        start: (workflowIds) => startThreads({ sql: world.worker, poker }, workflowIds),
      }, new Date(dueAt));

    const asked = await command();
    const pokedUnasked = poked.length;
    const told = await command('--start-missing');

    const workflowId = workflowIdOf('followUp', enrolmentId);
    expect(asked.text).toContain(`thread/${workflowId}`);
    expect(pokedUnasked).toBe(0);
    expect(poked).toContainEqual({ workflowId, workflowType: 'followUp', taskQueue: 'care', subjectId: enrolmentId, plan: { planId: expect.any(String) as string, version: 1, department: 'surgery' } });
    expect(told).toMatchObject({ exitCode: 1, text: expect.stringContaining(`${poked.length} of ${poked.length} missing threads started`) as string });
  });

  test('names a thread that tries the same again and again', async () => {
    const { enrolmentId } = await enrolled({ id: 'visit' });
    await world.activities.resumePlan(enrolmentId);
    await toldLongAgo();
    const handle = client.workflow.getHandle(workflowIdOf('followUp', enrolmentId));
    const tried = (attempt: number) => Object.assign(Object.create(Object.getPrototypeOf(client) as object) as Client, { workflow: { getHandle: () => ({ describe: async () => described(await handle.describe(), attempt) }) } });
    const described = <Description extends { raw: object }>(description: Description, attempt: number) => ({ ...description, raw: { ...description.raw, pendingWorkflowTask: { attempt } } });
    const kinds = async (attempt: number) => (await reconcile({ sql: world.worker, client: tried(attempt), sms: world.deps.sms, asOf: dueAt, since: new Date(), graceSeconds: 0 })).filter(({ subject }) => subject.endsWith(enrolmentId)).map(({ kind }) => kind);

    expect(await kinds(9)).toEqual([]);
    expect(await kinds(10)).toEqual(['thread-stuck']);
    planted.add('thread-stuck');
  });

  test('names a message at the provider that no contact of ours knows', async () => {
    const { phone } = await world.patient();
    await world.deps.sms.send({ to: phone.number, body: 'Who wrote this?', attemptId: randomUUID(), validitySeconds: 60 });

    expect(await differencesOf(phone.messages()[0]?.sid ?? 'none')).toEqual(['provider-unknown-message']);
  });

  test('names a contact that counts as sent and that the provider does not have', async () => {
    const { enrolmentId, touchpointId } = await enrolled({ id: 'visit' });
    await runFollowUp(world, enrolmentId);
    const [attempt] = await world.attempts(touchpointId);
    expect(await differencesOf(attempt?.attemptId ?? 'none')).toEqual([]);
    await world.root`update care.attempt set provider_sid = ${`SM${'0'.repeat(32)}`} where attempt_id = ${attempt?.attemptId ?? ''}`;

    expect(await differencesOf(attempt?.attemptId ?? 'none')).toEqual(['provider-missing-message']);
  });

  test('names a text of a patient that is at the provider and never reached us, until it is taken in', async () => {
    const { phone } = await world.patient();
    const { sid } = await phone.reply('Is anybody there?');
    expect(await differencesOf(sid)).toEqual(['provider-unheard-text']);

    await receiveMissedText(world.inbound, sid, { from: phone.number, body: 'Is anybody there?', media: 0, optOutType: null }, dueAt);

    expect(await differencesOf(sid)).toEqual([]);
  });

  test('names the same words twice to one patient within a minute, and not one message each for two who share a phone', async () => {
    const patient = await world.patient();
    const sharer = await world.patient({ sharing: patient });
    const first = await world.enrol(patient, [{ id: 'visit' }]);
    const shared = await world.enrol(sharer, [{ id: 'visit' }]);
    await runFollowUp(world, first.enrolmentId);
    await runFollowUp(world, shared.enrolmentId);
    expect(await differencesOf(...patient.phone.messages().map((message) => message.sid))).toEqual([]);
    // Ten minutes later by the plans' clock, which keeps contacts apart; at the provider it is the same minute.
    world.at('2026-03-02T10:10:00.000Z');
    const second = await world.enrol(patient, [{ id: 'visit' }]);

    await runFollowUp(world, second.enrolmentId);

    expect(await differencesOf(...patient.phone.messages().map((message) => message.sid))).toEqual(['duplicate-message']);
  });

  test('names a rota that a plan pages and on which nobody can be paged any more, or that is gone, until somebody can', async () => {
    const paging = (page: string) => ({ ladders: { red: { rungs: [{ page, wait: 'PT15M' }], repeatTop: 'PT10M', reachWithin: 'PT30M' } } });
    const { personId } = await world.onRota('eye-on-call');
    await world.enrol(await world.patient(), [{ id: 'visit' }], { plan: paging('eye-on-call') });
    await world.enrol(await world.patient(), [{ id: 'visit' }], { plan: paging('never-made') });
    const before = await differencesOf('rota/eye-on-call', 'rota/never-made');
    await world.root`update auth.person set active = false where person_id = ${personId}`;

    expect(before).toEqual(['rota-unmanned']);
    expect(await differencesOf('rota/eye-on-call', 'rota/never-made')).toEqual(['rota-unmanned', 'rota-unmanned']);
    expect((await readHealth(world.worker, world.clock.now, 60_000)).unmannedRotas).toBe(2);
    await world.onRota('eye-on-call');
    expect(await differencesOf('rota/eye-on-call')).toEqual([]);
    expect((await unmannedRotas(world.worker)).map(({ rota, exists }) => [rota, exists])).toEqual([['never-made', false]]);
    await world.onRota('never-made');
    expect(await unmannedRotas(world.worker)).toEqual([]);
  });

  test('has had each kind of difference planted above', () => {
    expect([...planted].sort()).toEqual([...differenceKinds].sort());
  });
});
