import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resumeEscalation } from '../../store/escalations.ts';
import { askOnce } from '../../worker/receipts.ts';
import { createCareWorld, runFollowUp } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';

// The API is away in all of these: the provider's callbacks go to an address where nobody listens, and are lost.
let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(async () => {
  world.reset();
  await world.root`update care.escalation set status = 'closed'`;
  await world.root`update care.touchpoint set status = 'done', outcome = 'delivered' where status <> 'done'`;
});

const minute = 60;
type Standing = Awaited<ReturnType<CareWorld['onRota']>>;
const settled = (on: { phone: Standing['phone'] }, status: string) => world.network.until(() => on.phone.messages().find((message) => message.status === status));
const questions = () => world.network.log().filter((entry) => entry.method === 'GET').length;

async function reminded(options: Parameters<CareWorld['patient']>[0] = {}, channels: ('sms' | 'email')[] = ['sms'], isReached = true) {
  const patient = await world.patient(options);
  if (!isReached) patient.phone.onTexts('unreachable');
  const { enrolmentId, touchpoints } = await world.enrol(patient, [{ id: 'visit' }], { channels });
  await runFollowUp(world, enrolmentId);
  await settled(patient, isReached ? 'delivered' : 'undelivered');
  return { patient, enrolmentId, touchpointId: touchpoints['visit'] ?? '' };
}

let alerts = 0;
/** An alert that has paged the first of two persons, whom a text does not reach. */
async function paged() {
  alerts += 1;
  const rota = `asked-${alerts}`;
  const [first, second] = [await world.onRota(rota), await world.onRota(rota)];
  first.phone.onTexts('unreachable');
  const { patientId } = await world.patient();
  const escalationId = await world.escalation(patientId, 'red', { rungs: [{ page: rota, wait: 'PT15M' }], repeatTop: 'PT10M', reachWithin: 'PT30M' });
  await run(escalationId);
  await settled(first, 'undelivered');
  return { escalationId, first, second };
}
async function run(escalationId: string): Promise<string[]> {
  const pages: string[] = [];
  let next = await world.activities.resumeEscalation(escalationId);
  while (next.kind === 'page') {
    pages.push(`${next.personIndex} ${next.channel}`);
    next = (await world.activities.pageStaff(next)).next;
  }
  return pages;
}

describe('a receipt whose callback was lost', () => {
  test('is asked for, and the reminder ends as what it was', async () => {
    const { enrolmentId, touchpointId } = await reminded();

    const early = await askOnce(world.deps);
    await world.letPass(5 * minute);
    await askOnce(world.deps);

    expect(early).toBe(0);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'done', outcome: 'delivered' });
    expect(world.poked).toContain(`follow-up/${enrolmentId}`);
  });

  test('and says undelivered, sends the reminder by the next channel', async () => {
    const { touchpointId } = await reminded({ consent: ['sms', 'email'], mailbox: 'asked@example.org' }, ['sms', 'email'], false);
    await world.letPass(5 * minute);

    await askOnce(world.deps);

    expect(await world.touchpoint(touchpointId)).toMatchObject({ status: 'planned', channelIndex: 1, reason: '30003' });
  });

  test('counts once, though its callback comes after all', async () => {
    const { patient, enrolmentId } = await reminded();
    await world.letPass(5 * minute);
    await askOnce(world.deps);
    const before = await world.story(enrolmentId);

    await world.receipt(world.received(patient)[0], 'delivered');
    await world.receipt(world.received(patient)[0], 'sent');

    expect(await world.story(enrolmentId)).toEqual(before);
    expect(before.filter((what) => what === 'touchpoint.delivered')).toHaveLength(1);
  });

  test('is asked for by one of several workers, and again later and later while the provider does not answer', async () => {
    const { touchpointId } = await reminded();
    await world.letPass(5 * minute);
    world.network.faults.add({ kind: 'refuse', on: 'read-messages', times: 2 });

    const both = await Promise.all([askOnce(world.deps), askOnce(world.deps)]);
    const soon = await askOnce(world.deps);
    await world.letPass(10 * minute);
    await askOnce(world.deps);
    await world.letPass(10 * minute);
    const tooSoon = await askOnce(world.deps);
    await world.letPass(10 * minute);
    const again = await askOnce(world.deps);

    expect([both.sort(), soon, tooSoon, again]).toEqual([[0, 1], 0, 0, 1]);
    expect(await world.touchpoint(touchpointId)).toMatchObject({ outcome: 'delivered' });
  });
});

describe('a page whose callback was lost', () => {
  test('becomes a call within half a minute, and the next person where the call reaches nobody', async () => {
    const { escalationId, first, second } = await paged();
    first.phone.onCalls({ kind: 'no-answer' });
    await world.letPass(20);

    await askOnce(world.deps);
    const called = await run(escalationId);
    await world.network.until(() => first.phone.calls().find((call) => call.status === 'no-answer'));
    await world.letPass(20);
    await askOnce(world.deps);
    const next = await run(escalationId);

    expect([called, next]).toEqual([['0 voice'], ['1 sms']]);
    expect(second.phone.messages()).toHaveLength(1);
  });

  test('is not asked for once a named human has the alert', async () => {
    const { escalationId } = await paged();
    const at = world.clock.now.toISOString();
    await world.api.begin((tx) => resumeEscalation(tx, escalationId, at, [{ kind: 'acknowledged', by: 'nurse', at }]));
    await world.letPass(20);
    const before = questions();

    await askOnce(world.deps);

    expect(questions()).toBe(before);
  });
});
