import { z } from 'zod';
import { assertNever } from '../../domain/codes.ts';
import { pausesToldOf } from '../../store/enrolments.ts';
import { lockFollowUp } from '../../store/follow-up-row.ts';
import { anchorFault } from '../anchor-fault.ts';
import { changeEnrolment } from '../enrolment-change.ts';
import type { ChangeContext, EnrolmentChange } from '../enrolment-change.ts';
import { Problem, invalidField } from '../problem.ts';
import { route } from '../route.ts';
import type { Asked, Route } from '../route.ts';
import { code, id } from '../schemas.ts';

const params = z.object({ enrolmentId: id });
export const accepted = z.object({ enrolmentId: id, accepted: z.literal(true) }).meta({ id: 'EnrolmentChange' });
export const changing = { method: 'post', tag: 'enrolments', status: 202, answer: accepted, problems: ['not-found', 'refused', 'conflict'] } as const;

function change<Body extends z.ZodType>(
  name: string,
  described: { summary: string; description?: string; body: Body },
  changeOf: (asked: Asked<unknown, unknown, z.output<Body>>, context: ChangeContext) => Promise<EnrolmentChange>,
): Route {
  return route('signed-in', { ...changing, path: `/v1/enrolments/{enrolmentId}/${name}`, ...described, params }, (asked) =>
    changeEnrolment(asked, { enrolmentId: asked.params.enrolmentId, act: name }, (context) => changeOf(asked, context)),
  );
}

const anchorName = z.string().max(48);
const at = z.string().max(40).meta({ description: 'Instant with Z or an offset.' });
const appointment = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('book'), at }),
  z.strictObject({ action: z.literal('move'), at }),
  z.strictObject({ action: z.literal('cancel') }),
  z.strictObject({ action: z.literal('no-show'), at: at.optional() }),
]);

export const enrolmentChangeRoutes: readonly Route[] = [
  change('pause', { summary: 'Pause: nothing is begun until it is resumed', body: z.strictObject({ reason: code }) }, ({ body }, { by }) =>
    Promise.resolve({ events: [{ kind: 'paused', by, reason: body.reason }], story: 'enrolment.paused', detail: { reason: body.reason } }),
  ),
  change('resume', { summary: 'Resume', description: 'Steps that came due meanwhile follow their own lateness, or what they say under passedWhilePaused.', body: z.strictObject({}) }, async (_asked, { tx, enrolment, by }) => {
    // By what it was told, which its thread may not have heard yet.
    if (!(await pausesToldOf(tx, enrolment.patientId)).has(enrolment.enrolmentId)) throw new Problem('conflict', 'This follow-up is not paused: there is nothing to resume.');
    return { events: [{ kind: 'resumed', by }], story: 'enrolment.resumed', detail: {} };
  }),
  change('anchors', { summary: 'Move an anchor, or make it known', description: 'Steps that have not begun are dated anew.', body: z.strictObject({ anchor: anchorName, to: z.string().max(40) }) }, async ({ body }, { plan, by }) => {
    const published = await plan();
    const faults = anchorFault(published, body.anchor, body.to, Object.hasOwn(published.anchors, body.anchor) ? '/to' : '/anchor');
    if (faults.length > 0) throw new Problem('invalid', 'Correct the anchor.', { errors: faults });
    return { events: [{ kind: 'anchor-moved', anchor: body.anchor, to: body.to, by }], story: 'enrolment.anchor-moved', detail: { anchor: body.anchor, to: body.to } };
  }),
  route(
    'signed-in',
    {
      ...changing, path: '/v1/enrolments/{enrolmentId}/appointments/{anchor}', summary: 'Book, move or cancel an appointment, or say that nobody came', params: z.object({ enrolmentId: id, anchor: anchorName }), body: appointment,
      description: 'For anchors of kind appointment. Booked or moved, its steps are dated anew; cancelled, they wait for another. Nobody came: the plan\'s steps on the anchor `<anchor>-missed` become due, counted from `at` or else from now; where the plan has none, staff get a task.',
    },
    (asked) => changeEnrolment(asked, { enrolmentId: asked.params.enrolmentId, act: `appointment=${asked.body.action}` }, (context) => appointmentChange(asked.params.anchor, asked.body, asked.now, context)),
  ),
  change(
    'waive',
    { summary: 'Waive one step that has not begun', description: 'Of a series, the occurrence that `recurrenceId` names, else the next. A second reading, asked for because the first alarmed, is waived by its `recurrenceId` alone; that ends its alarm, with who and why on record.', body: z.strictObject({ stepId: z.string().max(48), recurrenceId: z.string().max(48).optional(), reason: code }) },
    async ({ body }, { tx, plan, enrolment, by }) => {
      const { stepId, recurrenceId, reason } = body;
      if (!(await plan()).steps.some((step) => step.id === stepId)) throw invalidField('/stepId', 'Use the id of a step of this plan.');
      if (recurrenceId === undefined) return { events: [{ kind: 'waived', stepId, by, reason }], story: 'enrolment.step-waived', detail: { step: stepId, reason } };
      const { state } = await lockFollowUp(tx, enrolment.enrolmentId);
      if (!state.touchpoints.some((touchpoint) => touchpoint.stepId === stepId && touchpoint.recurrenceId === recurrenceId)) throw invalidField('/recurrenceId', 'Use the recurrenceId of one of this step\'s touchpoints, as GET /v1/enrolments/{enrolmentId} lists them.');
      return { events: [{ kind: 'waived', stepId, recurrenceId, by, reason }], story: 'enrolment.step-waived', detail: { step: stepId, occurrence: recurrenceId, reason } };
    },
  ),
  change('withdraw', { summary: 'End this follow-up', description: 'What is under way ends truthfully; an open escalation goes on.', body: z.strictObject({ reason: z.enum(['withdrawn', 'staff']).default('withdrawn') }) }, ({ body }, { by }) =>
    Promise.resolve({ events: [{ kind: 'ended', reason: body.reason, by }], story: 'enrolment.ended', detail: { reason: body.reason } }),
  ),
];

async function appointmentChange(anchor: string, body: z.output<typeof appointment>, now: string, { plan, by }: ChangeContext): Promise<EnrolmentChange> {
  const published = await plan();
  const appointments = Object.entries(published.anchors).flatMap(([name, { kind }]) => (kind === 'appointment' ? [name] : []));
  if (!appointments.includes(anchor)) throw invalidField('path/anchor', appointments.length === 0 ? 'This plan has no appointments; move its anchors instead.' : `Use an appointment of this plan: ${appointments.join(', ')}.`);
  const faults = 'at' in body && body.at !== undefined ? anchorFault(published, anchor, body.at, '/at') : [];
  if (faults.length > 0) throw new Problem('invalid', 'Correct the time of the appointment.', { errors: faults });
  switch (body.action) {
    case 'book':
    case 'move':
      return { events: [{ kind: 'anchor-moved', anchor, to: body.at, by }], story: body.action === 'book' ? 'enrolment.appointment-booked' : 'enrolment.appointment-moved', detail: { anchor, to: body.at } };
    case 'cancel':
      return { events: [{ kind: 'anchor-cleared', anchor, by, reason: 'appointment-cancelled' }], story: 'enrolment.appointment-cancelled', detail: { anchor } };
    case 'no-show':
      return { events: [{ kind: 'appointment-missed', anchor, at: body.at ?? now, by }], story: 'enrolment.appointment-missed', detail: { anchor } };
    default:
      return assertNever(body);
  }
}
