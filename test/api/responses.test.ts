import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resumeFollowUp } from '../../store/follow-ups.ts';
import { createWorld, enrolled, registered } from './world.ts';
import type { World } from './world.ts';

let world: World;
let nurse: { token: string; personId: string };
beforeAll(async () => {
  world = await createWorld();
  nurse = await world.signedIn(['coordinator']);
});
afterAll(() => world.close());

const well = { temperature: 36.6, wound: 'closed', redness: 'no', pain: 4, pain_before: 4, danger: 'no' };

/** Goes on to the moment when the first wound check is open. */
async function openWoundCheck(): Promise<string> {
  const enrolmentId = await enrolled(world, nurse.token, await registered(world, nurse.token));
  const [due] = await world.superuser<{ id: string; dueAt: string }[]>`select touchpoint_id as id, due_at as "dueAt" from care.touchpoint where enrolment_id = ${enrolmentId} and step_id = 'wound-day-1'`;
  if (due === undefined) throw new Error('The plan has no such step.');
  await world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, due.dueAt, [{ kind: 'waived', stepId: 'preparation', by: 'test', reason: 'test' }]));
  return due.id;
}

describe('answers that staff type', () => {
  it('are kept sealed, end the conversation, and are shown with who said and who typed them', async () => {
    const touchpointId = await openWoundCheck();

    const recorded = await world.ask('POST', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token, json: { respondent: 'caregiver', answers: well } });
    const shown = await world.ask('GET', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token });

    expect(recorded.body).toEqual({ touchpointId, isComplete: true, escalated: null });
    expect(shown.body).toMatchObject({ answers: well, respondent: 'caregiver', channel: 'staff', isComplete: true, version: 1, status: 'done', recordedBy: `person/${nurse.personId}` });
  });

  it('open a red alert at once when a rule says so', async () => {
    const touchpointId = await openWoundCheck();

    const recorded = await world.ask('POST', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token, json: { respondent: 'patient', answers: { ...well, danger: 'yes' } } });

    const alerts = await world.superuser<{ level: string; ruleId: string }[]>`select level, rule_id as "ruleId" from care.escalation where touchpoint_id = ${touchpointId}`;
    expect(recorded.body['escalated']).toBe('red');
    expect([...alerts]).toEqual([{ level: 'red', ruleId: 'danger-signs' }]);
  });

  it('may be corrected: the earlier version stays', async () => {
    const touchpointId = await openWoundCheck();
    await world.ask('POST', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token, json: { respondent: 'patient', answers: well } });

    const corrected = await world.ask('POST', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token, json: { respondent: 'patient', answers: { ...well, pain: 5 } } });
    const shown = await world.ask('GET', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token });

    expect(corrected.status).toBe(201);
    expect(shown.body).toMatchObject({ version: 2, answers: { pain: 5 } });
    expect((await world.superuser`select 1 from phi.value where row_id = ${touchpointId} and field = 'response.answers'`).count).toBe(2);
  });

  it('are never read as no where one is missing: a human decides', async () => {
    const touchpointId = await openWoundCheck();

    const recorded = await world.ask('POST', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token, json: { respondent: 'patient', answers: { ...well, danger: null } } });

    const tasks = await world.superuser<{ title: string }[]>`select title from care.task where touchpoint_id = ${touchpointId}`;
    expect(recorded.body).toMatchObject({ isComplete: false, escalated: null });
    expect(tasks.map((task) => task.title)).toContain('undecided:danger-signs');
  });

  it('are refused by field when they fit no item', async () => {
    const touchpointId = await openWoundCheck();

    const reply = await world.ask('POST', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token, json: { respondent: 'patient', answers: { ...well, pain: 11, wound: 'purple', temperature: 'hot', mood: 'good', danger: undefined } } });

    expect(reply.status).toBe(422);
    expect((reply.body['errors'] as { pointer: string }[]).map((error) => error.pointer).sort()).toEqual(['/answers/danger', '/answers/mood', '/answers/pain', '/answers/temperature', '/answers/wound']);
    expect((await world.superuser`select 1 from phi.value where row_id = ${touchpointId} and field = 'response.answers'`).count).toBe(0);
  });

  it('are not shown to another department', async () => {
    const touchpointId = await openWoundCheck();
    const stranger = await world.signedIn(['clinician'], ['cardiology']);

    const replies = [await world.ask('GET', `/v1/touchpoints/${touchpointId}/responses`, { token: stranger.token }), await world.ask('POST', `/v1/touchpoints/${touchpointId}/responses`, { token: stranger.token, json: { respondent: 'patient', answers: well } })];

    expect(replies.map((reply) => reply.status)).toEqual([403, 403]);
  });
});
