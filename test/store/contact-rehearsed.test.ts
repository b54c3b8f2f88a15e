import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { assumptionsFor, assumptionsSchema } from '../../domain/rehearsal/input.ts';
import { rehearse } from '../../domain/rehearsal/rehearse.ts';
import { readFollowUp } from '../../store/follow-up-row.ts';
import { createCareWorld, dueAt, runFollowUp } from '../support/care-world.ts';
import type { CareWorld, StepOptions } from '../support/care-world.ts';

let world: CareWorld;
beforeAll(async () => {
  world = await createCareWorld();
});
afterAll(() => world.close());
afterEach(() => world.reset());

/** The same enrolment in earnest and in a rehearsal that begins where it begins. */
async function both(steps: StepOptions[]) {
  const patient = await world.patient();
  const { enrolmentId, touchpoints } = await world.enrol(patient, steps);
  const { plan } = await readFollowUp(world.api, enrolmentId);
  const { settings, content } = world.deps;
  const assumed = assumptionsFor(plan, assumptionsSchema.parse({ from: dueAt, until: 'P3D', anchors: { surgery: '2026-03-01' }, patient: { name: 'Ada Example' } }));
  const rehearsal = rehearse(plan, { ...content, hospital: settings.hospitalName, emergencyNumber: settings.emergencyNumber, readHours: settings.readHours }, { ...assumed, seed: enrolmentId });
  return { patient, enrolmentId, touchpoints, rehearsal };
}

test('a rehearsal of an enrolment shows to the second when the gate releases what quiet hours hold', async () => {
  const { enrolmentId, touchpoints, rehearsal } = await both([{ id: 'late', at: { anchor: 'surgery', offset: 'P1D', localTime: '22:00' } }]);
  world.at('2026-03-02T22:00:00.000Z');

  await runFollowUp(world, enrolmentId);

  const { nextAt, reason } = await world.touchpoint(touchpoints['late'] ?? '');
  expect(rehearsal.entries.find(({ kind }) => kind === 'held')).toMatchObject({ reason, outcome: nextAt });
});

test('and the words of a message that carries several reminders, to the letter', async () => {
  const { patient, enrolmentId, rehearsal } = await both([{ id: 'visit' }, { id: 'prepare', message: 'surgery-preparation', at: { anchor: 'surgery', offset: 'P1D', localTime: '10:20' } }]);

  await runFollowUp(world, enrolmentId);

  const sent = rehearsal.entries.filter(({ kind }) => kind === 'message').map(({ text }) => text);
  expect(world.received(patient).map(({ body }) => body)).toEqual(sent);
  expect(sent).toHaveLength(1);
});
