import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { receiveText } from '../../api/inbound/receive-text.ts';
import type { Reply } from '../../api/inbound/receive-text.ts';
import { createLogger } from '../../config/logger.ts';
import type { Transaction } from '../../store/connect.ts';
import { openEscalationRow } from '../../store/escalations.ts';
import { readHealth } from '../../store/health.ts';
import { takeUnattended } from '../../store/standby.ts';
import { takeUnpicked } from '../../store/threads.ts';
import { standBy, standInOnce } from '../../worker/standby.ts';
import { createCareWorld, dueAt, Killed, runConversation, runFollowUp } from '../support/care-world.ts';
import type { CarePatient, CareWorld } from '../support/care-world.ts';

// Temporal is never there in these: pokes come to nothing, and no thread runs but where a test says that it is back.
let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
  // Nobody seals the ledger here.
  await world.root`update gate.setting set value = 1000000 where name = 'ledger-behind-seconds'`;
});
afterAll(() => world.close());
afterEach(async () => {
  world.reset();
  await world.root`update care.escalation set status = 'closed'`;
});

// By a clock of their own.
const patience = { afterMs: 60_000, clockWithinMs: Infinity, lockedMs: 30_000 };
const standIn = (): Promise<number> => standInOnce(world.deps, patience);
type Standing = Awaited<ReturnType<CareWorld['onRota']>>;
const pages = ({ phone }: Standing): string[] => phone.messages().flatMap(({ direction, body }) => (direction !== 'inbound' && body.startsWith('Example Hospital: an escalation') ? [body] : []));
const text = (from: { phone: CarePatient['phone'] }, body: string): Promise<Reply | null> => receiveText(world.inbound, `SM${randomUUID().replaceAll('-', '')}`, { from: from.phone.number, body, media: 0, optOutType: null }, new AbortController().signal);
const unheard = (escalationId: string) => world.root<{ event: object }[]>`select event from care.inbox where workflow_id = ${`escalation/${escalationId}`} and applied_at is null`;

/** What the database's clock would show later, of what threads were told and who stood in for them. */
async function letPass(seconds: number): Promise<void> {
  await world.letPass(seconds);
  await world.root`update care.inbox set told_at = told_at - make_interval(secs => ${seconds})`;
  await world.root`update care.thread set stood_in_at = stood_in_at - make_interval(secs => ${seconds})`;
}

/** Carries out what the alert's thread does once Temporal is there, until it waits. */
async function threadOf(escalationId: string) {
  let next = await world.activities.resumeEscalation(escalationId);
  let made = 0;
  for (; next.kind === 'page'; made += 1) next = (await world.activities.pageStaff(next)).next;
  return { made, next };
}

async function alertOf(patientId: string) {
  const rows = await world.root<{ escalationId: string; code: string; status: string }[]>`select escalation_id as "escalationId", acknowledge_code as code, status from care.escalation where patient_id = ${patientId}`;
  const [row] = rows;
  if (row === undefined) throw new Error('There is no alert.');
  return { ...row, alerts: rows.length };
}

const storyOf = async (escalationId: string) => (await world.root<{ what: string; by: string | null }[]>`select what, detail->>'by' as by from care.story where detail->>'escalationId' = ${escalationId} order by story_id`).map(({ what, by }) => [what, by]);

let wards = 0;
/** A ladder of its own: two rungs with a nurse each. */
async function ward() {
  wards += 1;
  const rotas = [`ward-${wards}-0`, `ward-${wards}-1`] as const;
  const ladder = { rungs: rotas.map((page) => ({ page, wait: 'PT15M' })), repeatTop: 'PT10M', reachWithin: 'PT30M' };
  return { ladder, first: await world.onRota(rotas[0]), second: await world.onRota(rotas[1]) };
}

/** A patient who has answered that the pain is strong, as the last that anybody hears before Temporal is back. */
async function answeredRed() {
  const on = await ward();
  const patient = await world.patient();
  const step = { id: 'pain', kind: 'ask', questionnaire: 'pain-check', reply: { window: 'PT6H', nudges: [], silence: 'task' }, rules: [{ id: 'strong', if: 'answers.pain at least 7', do: [{ kind: 'escalate', level: 'red' }] }] };
  const { enrolmentId, touchpoints } = await world.enrol(patient, [step], { plan: { ladders: { red: on.ladder } } });
  await runFollowUp(world, enrolmentId);
  await runConversation(world, touchpoints['pain'] ?? '');
  await text(patient, '8');
  return { ...on, patient, ...(await alertOf(patient.patientId)) };
}

/** An alert that nobody has been paged for, as of now. */
async function opened() {
  const on = await ward();
  const { patientId } = await world.patient();
  await world.escalation(patientId, 'red', on.ladder);
  return { ...on, patientId, ...(await alertOf(patientId)) };
}

/** The same, when the first page is out by the standby. */
async function paged() {
  const alert = await answeredRed();
  await letPass(61);
  await standIn();
  await letPass(6);
  return alert;
}

describe('a red answer while Temporal is away', () => {
  test('is left to its thread for a minute, and then reaches a nurse all the same', async () => {
    const { first, second, code, escalationId } = await answeredRed();
    await letPass(50);
    const early = await standIn();
    await letPass(11);

    const late = await standIn();

    expect([early, late]).toEqual([0, 1]);
    expect(pages(first)).toEqual([expect.stringContaining(`Reply ${code} to take it`)]);
    expect(pages(second)).toEqual([]);
    expect(await readHealth(world.worker, world.clock.now, 60_000)).toMatchObject({ stoodInEscalations: 1 });
    expect(world.logged.filter((line) => line.includes('standing in') && line.includes(escalationId))).toHaveLength(1);
    expect(await storyOf(escalationId)).toEqual([['escalation.opened', null], ['escalation.page-ended', 'standby']]);
  });

  test('climbs its ladder by the ladder’s own times, and its top repeats', async () => {
    const { first, second } = await paged();
    const made = [];
    for (const at of ['10:14:59', '10:15:00', '10:24:59', '10:25:00', '10:35:00']) {
      world.at(`2026-03-02T${at}.000Z`);
      made.push(await standIn());
      await letPass(6);
    }

    expect(made).toEqual([0, 1, 0, 1, 1]);
    expect([pages(first).length, pages(second).length]).toEqual([1, 3]);
  });

  test('that a nurse takes by its code is paged no more until the second clock ends, and then one rung higher', async () => {
    const { first, second, code, patient } = await paged();
    world.at('2026-03-02T10:05:00.000Z');

    const answer = (await text(first, code))?.answers[0];
    await letPass(61);
    world.at('2026-03-02T10:34:59.000Z');
    const meanwhile = await standIn();
    const taken = await alertOf(patient.patientId);
    world.at('2026-03-02T10:35:00.000Z');
    await standIn();

    expect(answer).toContain(code);
    expect([taken.status, meanwhile]).toEqual(['acknowledged', 0]);
    expect([pages(first).length, pages(second).length]).toEqual([1, 1]);
  });

  test('whose page was not delivered is followed by a call at once', async () => {
    const { first } = await paged();

    await world.receipt(first.phone.messages()[0], 'undelivered', '30003');
    await standIn();

    expect(first.phone.calls()).toHaveLength(1);
  });

  test('and a second one like it are one alert', async () => {
    const { patient, escalationId, first } = await paged();

    await text(patient, 'I have chest pain');
    await text(patient, 'I have chest pain');
    await letPass(61);
    await standIn();

    const open = await world.root<{ rule: string }[]>`select rule_id as rule from care.escalation where patient_id = ${patient.patientId} and status <> 'closed' order by opened_at, rule_id`;
    expect(open.map(({ rule }) => rule)).toEqual(['safety-phrase', 'strong']);
    expect(pages(first)).toHaveLength(2);
    expect((await alertOf(patient.patientId)).escalationId).toBe(escalationId);
  });
});

describe('Temporal that comes back', () => {
  test('finds the page made, keeps the clock, and has the alert to itself', async () => {
    const { first, second, escalationId, patient } = await paged();

    const thread = await threadOf(escalationId);
    world.at('2026-03-02T10:15:00.000Z');
    const left = await standIn();
    const later = await threadOf(escalationId);

    expect(thread).toMatchObject({ made: 0, next: { kind: 'wait', dueAt: dueAt.replace('10:00', '10:15') } });
    expect([left, later.made]).toEqual([0, 1]);
    expect([pages(first).length, pages(second).length]).toEqual([1, 1]);
    expect((await alertOf(patient.patientId)).alerts).toBe(1);
    expect(await storyOf(escalationId)).toEqual([['escalation.opened', null], ['escalation.page-ended', 'standby'], ['escalation.page-ended', null]]);
  });

  test('is poked for every alert that was stood in for, though its own row was heard', async () => {
    const { escalationId } = await paged();

    expect((await takeUnpicked(world.worker, { olderThanMs: 2_000, longestPauseMs: { urgent: 10_000, others: 60_000 }, limit: 100 })).map((thread) => thread.workflowId)).toContain(`escalation/${escalationId}`);
    await threadOf(escalationId);
    expect(await unheard(escalationId)).toEqual([]);
  });

  test('in the middle of a page waits for it, and pages nobody twice', async () => {
    const { first, escalationId } = await answeredRed();
    await letPass(61);
    const between: unknown[] = [];
    world.sms.before = async () => {
      delete world.sms.before;
      between.push(await threadOf(escalationId).catch((error: unknown) => error));
    };

    await standIn();
    const after = await threadOf(escalationId);

    expect(between).toMatchObject([{ message: expect.stringContaining('claim') as string }]);
    expect(after).toMatchObject({ made: 0, next: { kind: 'wait' } });
    expect(pages(first)).toHaveLength(1);
  });

  test('and whose thread was paging first keeps the standby from a second page', async () => {
    const { first, escalationId } = await answeredRed();
    await letPass(61);
    world.sms.before = async () => {
      delete world.sms.before;
      await standIn();
    };

    await threadOf(escalationId);
    await letPass(6);
    await standIn();

    expect(pages(first)).toHaveLength(1);
    expect(world.logged.filter((line) => line.includes('"level":"error"') && line.includes(escalationId))).toEqual([]);
  });
});

describe('a standby', () => {
  test('of each of two workers, at once, pages once', async () => {
    const { first } = await answeredRed();
    await letPass(61);

    const taken = await Promise.all([standIn(), standIn(), standIn()]);

    expect(taken.sort()).toEqual([0, 0, 1]);
    expect(pages(first)).toHaveLength(1);
  });

  test('that dies before its page leaves it to another, as a thread’s worker does', async () => {
    const { first } = await answeredRed();
    await letPass(61);
    world.sms.before = () => {
      throw new Killed();
    };
    await standIn();
    delete world.sms.before;
    await letPass(16);

    await standIn();
    await letPass(6);
    await standIn();

    expect(pages(first)).toEqual([]);
    expect(first.phone.calls()).toHaveLength(1);
  });

  test('takes up an alert in the middle of its ladder, whose thread sleeps through a page, once that is a minute late', async () => {
    const { second, escalationId } = await answeredRed();
    await threadOf(escalationId);
    await letPass(600);
    world.at('2026-03-02T10:15:59.000Z');
    const early = await standIn();
    world.at('2026-03-02T10:16:00.000Z');

    const late = await standIn();

    expect([early, late]).toEqual([0, 1]);
    expect(pages(second)).toHaveLength(1);
  });

  test.each([['ahead of', 2], ['behind', -2]])('whose clock is hours %s the database’s pages by that one, so it takes no acknowledgement back and leaves nobody unpaged, and says so', async (how, hours) => {
    world.at(new Date(Date.now() - 300_000).toISOString());
    const taken = await opened();
    await letPass(61);
    await standIn();
    await text(taken.first, taken.code);
    const unpaged = await opened();
    await letPass(61);
    world.at(new Date(Date.now() + hours * 3_600_000).toISOString());
    const stop = new AbortController();
    const warned: string[] = [];
    const write = (line: string): void => {
      if (line.includes('the clock of this worker')) warned.push(line);
    };
    const logger = createLogger({ process: 'test', level: 'warn', destination: { write } });
    const wrong = { ...patience, clockWithinMs: 60_000 };

    const standing = standBy({ ...world.deps, logger }, wrong, stop.signal);
    await vi.waitFor(() => expect(pages(unpaged.first)).toHaveLength(1), { timeout: 30_000 });
    stop.abort();
    await standing;

    expect(warned).toEqual([expect.stringContaining(`s ${how} the database's: its standby pages by the database's`)]);
    expect((await alertOf(taken.patientId)).status).toBe('acknowledged');
    expect([pages(taken.first).length, pages(taken.second).length]).toEqual([1, 0]);
  });

  test('takes alerts in turn, so that one which fails each time keeps no other waiting', async () => {
    const fails = await world.escalation((await world.patient()).patientId);
    world.at('2026-03-02T10:00:30.000Z');
    const other = await world.escalation((await world.patient()).patientId);
    await letPass(61);
    const take = () => takeUnattended(world.worker, { now: world.clock.now.toISOString(), afterMs: patience.afterMs, limit: 1 });
    const first = await take();
    await letPass(6);

    const second = await take();

    expect([first, second]).toEqual([[fails], [other]]);
  });

  test.each([
    ['an alert that somebody holds locked', 'before', (tx: Transaction, escalationId: string) => tx`select from care.escalation where escalation_id = ${escalationId} for update`],
    ['a page whose claim has to wait', 'before', (tx: Transaction) => tx`lock table care.attempt in share mode`],
    ['a page whose end has to wait', 'after', (tx: Transaction, escalationId: string) => tx`select from care.escalation where escalation_id = ${escalationId} for update`],
  ] as const)('passes over %s, and pages for the others in the next rounds', async (_told, when, hold) => {
    const { first, escalationId } = await answeredRed();
    await letPass(61);
    await world.root.begin(async (tx) => {
      // Whoever waits for it without a bound is let go in the end, so that the test fails instead of hanging.
      await tx`set local idle_in_transaction_session_timeout = '20s'`;
      if (when === 'before') await hold(tx, escalationId);
      else {
        world.sms.after = async () => {
          await hold(tx, escalationId);
        };
      }
      await standInOnce(world.deps, { ...patience, lockedMs: 300 });
    });
    delete world.sms.after;
    const other = await opened();
    await letPass(61);

    await standIn();

    expect([pages(first).length, pages(other.first).length]).toEqual([1, 1]);
    expect(world.logged.filter((line) => line.includes('"level":"error"') && line.includes(escalationId))).toHaveLength(1);
  });

  test('wakes nobody for an amber alert while the clinic is closed', async () => {
    const { ladder, first } = await ward();
    const { patientId } = await world.patient();
    world.at('2026-03-01T10:00:00.000Z');
    const calendar = { zone: 'UTC', hours: { monday: [{ from: '08:00', to: '18:00' }] }, holidays: null, exceptions: {} };
    await world.api.begin((tx) => openEscalationRow(tx, { patientId, enrolmentId: null, touchpointId: null, department: 'surgery', level: 'amber', ruleId: 'weight', ladder: { ...ladder, hours: 'business' }, calendar, now: world.clock.now.toISOString() }));
    await letPass(3_600);
    const closed = await standIn();
    world.at('2026-03-02T08:00:00.000Z');

    await standIn();

    expect(closed).toBe(0);
    expect(pages(first)).toHaveLength(1);
  });
});
