import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resumeFollowUp } from '../../store/follow-ups.ts';
import { publish } from '../support/publish.ts';
import { createWorld, registered } from './world.ts';
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
const openWoundCheck = (): Promise<string> => openCheck('wound', 'wound-check', ['wound']);

/** The same plan, asking how the patient feels instead and without a rule. */
const openMoodCheck = (): Promise<string> => openCheck('mood', 'phq-9', []);

/** The ready plan for surgery, with another questionnaire. */
async function openCheck(planId: string, questionnaire: string, ruleSets: string[]): Promise<string> {
  const ready = world.deps.content.plans['surgery-recovery'];
  if (ready === undefined) throw new Error('The ready plan is not there.');
  const steps = ready.steps.map((step) => (step.kind === 'ask' ? { ...step, questionnaire, ruleSets, rules: [] } : step));
  await publish(world.superuser, { ...ready, id: planId, version: 1, steps }, world.deps.content.questionnaires);
  const surgery = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const reply = await world.ask('POST', '/v1/enrolments', { token: nurse.token, json: { patientId: await registered(world, nurse.token), planId, version: 1, anchors: { surgery } } });
  return openedIn(String(reply.body['enrolmentId']));
}

async function openedIn(enrolmentId: string): Promise<string> {
  const [due] = await world.superuser<{ id: string; dueAt: string }[]>`select touchpoint_id as id, due_at as "dueAt" from care.touchpoint where enrolment_id = ${enrolmentId} and step_id = 'wound-day-1'`;
  if (due === undefined) throw new Error('The plan has no such step.');
  await world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, due.dueAt, [{ kind: 'waived', stepId: 'preparation', by: 'test', reason: 'test' }]));
  return due.id;
}

const record = (touchpointId: string, respondent: string, answers: Record<string, unknown>) => world.ask('POST', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token, json: { respondent, answers } });
const show = (touchpointId: string) => world.ask('GET', `/v1/touchpoints/${touchpointId}/responses`, { token: nurse.token });
const pointers = (reply: { body: Record<string, unknown> }): string[] => (reply.body['errors'] as { pointer: string }[]).map((error) => error.pointer).sort();

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

describe('answers to a questionnaire with branches', () => {
  it('leave out what the answers before rule out, and are complete without it', async () => {
    const touchpointId = await openWoundCheck();
    const { pain_before: before, ...rest } = well;

    const recorded = await record(touchpointId, 'patient', { ...rest, pain: 2 });
    const shown = await show(touchpointId);

    expect(before).toBe(4);
    expect(recorded.body).toMatchObject({ isComplete: true });
    expect(shown.body['answeredBy']).toMatchObject({ pain: { respondent: 'patient', channel: 'staff' } });
    expect((await world.superuser`select 1 from care.task where touchpoint_id = ${touchpointId} and kind = 'rule'`).count).toBe(0);
  });

  it('are refused where they were not to be asked, or are missing where they were', async () => {
    const touchpointId = await openWoundCheck();
    const { pain_before: before, ...rest } = well;

    const unasked = await record(touchpointId, 'patient', { ...well, pain: 2 });
    const missing = await record(touchpointId, 'patient', { ...rest, pain: 5 });
    const wrong = await record(touchpointId, 'patient', { ...well, pain: 'much' });

    expect(before).toBe(4);
    expect([unasked, missing, wrong].map(pointers)).toEqual([['/answers/pain_before'], ['/answers/pain_before'], ['/answers/pain']]);
  });
});

describe('answers to the PHQ-9', () => {
  const calm = Object.fromEntries(['interest', 'mood', 'sleep', 'energy', 'appetite', 'failure', 'concentration', 'movement', 'self_harm'].map((id) => [id, 'not_at_all']));

  it('are never taken from anybody but the patient, though staff may type them', async () => {
    const touchpointId = await openMoodCheck();

    const [caregiver, staff] = [await record(touchpointId, 'caregiver', calm), await record(touchpointId, 'staff', calm)];
    const patient = await record(touchpointId, 'patient', calm);
    const shown = await show(touchpointId);

    expect([caregiver.status, staff.status]).toEqual([422, 422]);
    expect(pointers(caregiver)).toEqual(['/respondent']);
    expect(patient.body).toEqual({ touchpointId, isComplete: true, escalated: null });
    expect(shown.body).toMatchObject({ respondent: 'patient', channel: 'staff', recordedBy: `person/${nurse.personId}`, scores: [{ id: 'phq9', kind: 'scored', value: 0, band: { code: 'minimal' }, range: { min: 0, max: 27 } }, { id: 'phq2' }] });
  });

  it('open the alert of item 9 when staff type them, and again when a correction says so first', async () => {
    const [typed, corrected] = [await openMoodCheck(), await openMoodCheck()];

    const answer = await record(typed, 'patient', { ...calm, self_harm: 'several_days', function: 'somewhat_difficult' });
    await record(corrected, 'patient', calm);
    const correction = await record(corrected, 'patient', { ...calm, self_harm: 'nearly_every_day', function: null });

    const alerts = await world.superuser<{ id: string; level: string; ruleId: string }[]>`select touchpoint_id as id, level, rule_id as "ruleId" from care.escalation where touchpoint_id in (${typed}, ${corrected})`;
    expect([answer.body['escalated'], correction.body['escalated']]).toEqual(['red', 'red']);
    expect(alerts.map(({ level, ruleId }) => `${level} ${ruleId}`)).toEqual(['red safeguard:item-9', 'red safeguard:item-9']);
  });

  it('without one to item 9 are no "no": a human decides, and there is no score', async () => {
    const touchpointId = await openMoodCheck();

    const recorded = await record(touchpointId, 'patient', { ...calm, self_harm: null, function: null });
    const shown = await show(touchpointId);

    const tasks = await world.superuser<{ title: string }[]>`select title from care.task where touchpoint_id = ${touchpointId}`;
    expect(recorded.body).toMatchObject({ isComplete: false, escalated: null });
    expect(tasks.map((task) => task.title)).toEqual(['undecided:safeguard:item-9']);
    expect(shown.body['scores']).toMatchObject([{ id: 'phq9', kind: 'not-scorable', value: null, band: null, missing: ['self_harm'] }, { id: 'phq2', kind: 'scored' }]);
  });
});
