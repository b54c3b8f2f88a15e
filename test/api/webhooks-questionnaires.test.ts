import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWebhooksWorld, noon } from './webhooks-world.ts';
import type { Asked, WebhooksWorld } from './webhooks-world.ts';

let world: WebhooksWorld;
beforeAll(async () => {
  world = await createWebhooksWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.pending.settled();
  world.poked.length = 0;
  world.clock.now = new Date(noon);
});

/** A PHQ-9 by text under a plan without any rule, answered so far with these points. */
async function feeling(points: readonly number[], asked?: Asked): Promise<Asked & { last: string }> {
  const person = asked ?? (await world.asked(undefined, 'feels'));
  let last = '';
  for (const point of points) last = (await world.text(person.phone, String(point))).body;
  return { ...person, last };
}
const response = (person: Asked): Promise<unknown> => world.opened(person.patientId, 'response.answers', person.touchpointId);

describe('item 9 of the PHQ-9', () => {
  it('above 0 opens a red alert and is answered with emergency advice, before the last question, though the plan has no rule', async () => {
    const person = await feeling([0, 0, 0, 0, 0, 0, 0, 0, 1]);

    expect(await world.escalations(person.patientId)).toMatchObject([{ ruleId: 'safeguard:item-9', level: 'red', status: 'open' }]);
    expect(person.last).toContain('call 911 now');
    expect(person.last).toContain('How difficult have these problems made it');
    expect((await world.conversation(person.touchpointId)).status).toBe('waiting');
    await world.pending.settled();
    expect(world.poked.filter((id) => id.startsWith('escalation/'))).toHaveLength(1);
  });

  it('above 0 opens it once, however the questionnaire goes on', async () => {
    const person = await feeling([0, 0, 0, 0, 0, 0, 0, 0, 3, 2]);

    expect(await world.escalations(person.patientId)).toHaveLength(1);
    expect(await response(person)).toMatchObject({ isComplete: true, answers: { self_harm: 'nearly_every_day' } });
  });

  it('of 0 opens none, whatever the rest comes to', async () => {
    const person = await feeling([3, 3, 3, 3, 3, 3, 3, 3, 0, 3]);

    expect(await world.escalations(person.patientId)).toEqual([]);
    expect(await response(person)).toMatchObject({ isComplete: true, scores: [{ id: 'phq9', kind: 'scored', value: 24, band: { code: 'severe' } }, { id: 'phq2', value: 6 }] });
  });

  it('above 0 on the phone opens it too, and the emergency number is said', async () => {
    const call = await world.called(undefined, 'rings');
    await world.answer(call);
    const keys = ['1', '0', '0', '0', '0', '0', '0', '0', '0', '2'];

    const said: string[] = [];
    for (const [turn, Digits] of keys.entries()) said.push((await world.turn(call, turn, { Digits })).body);

    expect(said[8]).toContain('better off dead');
    expect(said[9]).toContain('call 9 1 1');
    expect(await world.escalations(call.patientId)).toMatchObject([{ ruleId: 'safeguard:item-9', level: 'red' }]);
  });

  it('is not read to somebody who cares for the patient', async () => {
    const call = await world.called(undefined, 'rings');
    await world.answer(call);

    const answer = await world.turn(call, 0, { Digits: '2' });

    expect(answer.body).toContain('<Hangup/>');
    expect(answer.body).not.toMatch(/bothered|interest|dead/);
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'caregiver' });
  });
});

describe('a score', () => {
  it('is kept sealed with the answers, and its number is in no log, no story and no event', async () => {
    const person = await feeling([3, 3, 3, 3, 3, 3, 3, 0, 0, 1]);
    await world.pending.settled();

    const rows = await world.root<{ text: string }[]>`
      select s::text as text from care.story s where enrolment_id = ${person.enrolmentId} union all
      select i::text from care.inbox i where workflow_id in (${`questionnaire/${person.touchpointId}`}, ${`follow-up/${person.enrolmentId}`}) union all
      select c::text from care.conversation c where touchpoint_id = ${person.touchpointId}`;
    const seen = [...rows.map((row) => row.text), ...world.logged].join('\n');
    expect(await response(person)).toMatchObject({ schemaVersion: 2, scores: [{ value: 21 }, {}] });
    expect(rows.length).toBeGreaterThan(2);
    expect(seen).not.toMatch(/phq9|moderately|severe|nearly_every_day|"value"/);
  });

  it('of a set that staff had to take over says what is missing', async () => {
    const person = await feeling([2, 2, 1]);
    await world.text(person.phone, 'it depends');
    await world.text(person.phone, 'hard to say');

    expect(await response(person)).toMatchObject({
      isComplete: false,
      scores: [{ id: 'phq9', kind: 'not-scorable', value: null, missing: ['energy', 'appetite', 'failure', 'concentration', 'movement', 'self_harm'] }, { id: 'phq2', kind: 'scored', value: 4, band: { code: 'positive' } }],
    });
  });
});

describe('a question that the answers rule out', () => {
  it('is not asked, and leaves no rule undecided', async () => {
    const asked = await world.asked();
    for (const words of ['2', '37', '1', '2']) await world.text(asked.phone, words);

    const last = await world.text(asked.phone, '1');

    expect(last.body).toContain('Thank you');
    expect(await response(asked)).toMatchObject({ isComplete: true, answers: { danger: 'no', temperature: 37, pain: 1, redness: 'no', wound: 'closed' } });
    expect(await world.tasks(asked.patientId)).toEqual([]);
  });
});

describe('a conversation that an earlier release has begun', () => {
  it('goes on where it stood', async () => {
    const asked = await world.asked();
    const where = { patientId: asked.patientId, field: 'conversation.progress', rowId: asked.touchpointId, version: 1 };
    const sealed = await world.vault.sealJson({ schemaVersion: 1, answers: { danger: 'no', temperature: 37 }, itemIndex: 2, reasked: 0, respondent: 'patient' }, { ...where, retentionClass: 'care' });
    await world.root`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by) values (${where.patientId}, ${where.field}, ${where.rowId}, 1, gen_random_uuid(), ${sealed}, 'test')`;

    const answer = await world.text(asked.phone, '6');

    expect(answer.body).toContain('how strong was it two days ago');
    expect(await world.opened(asked.patientId, 'conversation.progress', asked.touchpointId)).toMatchObject({ schemaVersion: 2, answers: { danger: 'no', temperature: 37, pain: 6 } });
  });
});
