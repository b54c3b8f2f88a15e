import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { faultOf } from '../../api/inbound/voice-cut-off.ts';
import { createWebhooksWorld, noon } from './webhooks-world.ts';
import type { Asked, Called, WebhooksWorld } from './webhooks-world.ts';

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

describe('a text in the middle of a call', () => {
  /** Whoever answered said who they are, and hears the first question: how strong the pain is. */
  async function onThePhone(): Promise<Called> {
    const call = await world.called(undefined, 'either');
    await world.answer(call);
    await world.turn(call, 0, { Digits: '1' });
    return call;
  }
  const progress = (call: Called): Promise<unknown> => world.opened(call.patientId, 'conversation.progress', call.touchpointId);

  it('leaves the call where it stands: the next key is an answer to its question, and not to who is there', async () => {
    const call = await onThePhone();
    await world.turn(call, 1, { Digits: '3' });

    await world.text(call.phone, 'sorry one moment');
    const next = await world.turn(call, 2, { Digits: '2' });

    expect(next.body).toContain('anything else that worries you');
    expect(await world.call(call.callId)).toMatchObject({ status: 'answered', disposition: null });
    expect(await progress(call)).toMatchObject({ stage: 'questions', answers: { pain: 3, danger: 'no' }, dialogue: { answers: { pain: 3, danger: 'no' } } });
  });

  it('that answers what was just asked on the phone makes the key no answer to the next question', async () => {
    const call = await onThePhone();

    await world.text(call.phone, '2');
    const next = await world.turn(call, 1, { Digits: '1' });

    expect(next.body).toContain('chest pain');
    expect(await world.escalations(call.patientId)).toEqual([]);
    expect(await progress(call)).toMatchObject({ dialogue: { answers: { pain: 1 }, answeredBy: { pain: { channel: 'voice' } } }, asked: 'danger' });
  });

  it('that answers it is no reason to ask it again where nothing is said, and a webhook told twice asks what counts next', async () => {
    const call = await onThePhone();
    await world.text(call.phone, '2');

    const told = await world.turn(call, 0, { Digits: '1' });
    const silent = await world.turn(call, 1, {});
    await world.turn(call, 2, { Digits: '2' });

    expect([told.body.includes('chest pain'), silent.body.includes('chest pain')]).toEqual([true, true]);
    expect(await progress(call)).toMatchObject({ dialogue: { answers: { pain: 2, danger: 'no' } } });
  });

  it('that answers it does not make unreadable words understood that a fault of ours cuts off: a person asks within 15 minutes', async () => {
    const call = await onThePhone();
    await world.text(call.phone, '2');

    await faultOf(world.deps, { callId: call.callId, providerSid: call.callSid, turn: { number: 1, input: { digits: null, speech: 'it is much worse today' } } }).clear(Promise.resolve());

    expect(await progress(call)).toMatchObject({ dialogue: { answers: { pain: 2 } } });
    expect(await world.tasks(call.patientId)).toMatchObject([{ kind: 'staff-call', withinSeconds: 900 }]);
  });

  it('that says STOP lets the call ask nothing more; what was answered when it came still counts', async () => {
    const call = await onThePhone();
    await world.turn(call, 1, { Digits: '3' });

    const stopped = await world.text(call.phone, 'STOP');
    const last = await world.turn(call, 2, { Digits: '1' });

    expect(stopped.body).toContain('<Message>');
    expect(last.body).toContain('call 9 1 1');
    expect(last.body).toContain('Goodbye.</Say><Hangup/>');
    expect(last.body).not.toContain('worries');
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'partial' });
    expect(await world.escalations(call.patientId)).toMatchObject([{ ruleId: 'danger', level: 'red' }]);
    expect((await world.tasks(call.patientId)).map(({ kind }) => kind)).toEqual(['opted-out']);
  });

  it('that says STOP while it rings lets whoever answers hear no more than goodbye', async () => {
    const call = await world.called(undefined, 'either');
    await world.text(call.phone, 'STOP');

    const answer = await world.answer(call);

    expect(answer.body).toContain('Goodbye.</Say><Hangup/>');
    expect(answer.body).not.toContain('Ada Example');
    expect(await world.call(call.callId)).toMatchObject({ status: 'ended', disposition: 'refused' });
  });

  it('that an earlier release took, and forgot the call at, has who is there asked anew: no key is taken for a wrong number', async () => {
    const call = await onThePhone();
    const where = { patientId: call.patientId, field: 'conversation.progress', rowId: call.touchpointId, version: 3 };
    const sealed = await world.vault.sealJson({ schemaVersion: 2, answers: { pain: 3 }, skipped: [], answeredBy: {}, reasked: 1, respondent: 'patient' }, { ...where, retentionClass: 'care' });
    await world.root`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by) values (${where.patientId}, ${where.field}, ${where.rowId}, ${where.version}, gen_random_uuid(), ${sealed}, 'test')`;

    const anew = await world.turn(call, 1, { Digits: '3' });
    const next = await world.turn(call, 1, { Digits: '1' });

    expect(anew.body).toContain('If you are Ada Example, press 1.');
    expect(next.body).toContain('chest pain');
  });
});
