import { z } from 'zod';
import type { FollowUpEvent } from '../../domain/follow-up/types.ts';
import { findPlan } from '../../store/plans.ts';
import { tellStory } from '../../store/story.ts';
import { tell as tellThread } from '../../store/threads.ts';
import { findEnrolment } from '../../store/enrolments.ts';
import type { EnrolmentSummary } from '../../store/enrolments.ts';
import { anchorFault } from '../anchor-fault.ts';
import { enrolmentWithRight } from '../enrolment-right.ts';
import { Problem, invalidField } from '../problem.ts';
import { route } from '../route.ts';
import type { Asked, Route } from '../route.ts';
import { code, id } from '../schemas.ts';

const tag = 'enrolments';
const params = z.object({ enrolmentId: id });
const accepted = z.object({ enrolmentId: id, accepted: z.literal(true) }).meta({ id: 'EnrolmentChange' });
type Params = z.output<typeof params>;

/** One change: what the follow-up is told, and the story's line of it. */
function change<Body extends z.ZodType>(
  name: string,
  described: { summary: string; description?: string; body: Body },
  eventOf: (asked: Asked<Params, unknown, z.output<Body>>, enrolment: EnrolmentSummary, by: string) => Promise<{ event: FollowUpEvent; story: string; detail: Record<string, string> }>,
): Route {
  return route(
    'signed-in',
    { method: 'post', path: `/v1/enrolments/{enrolmentId}/${name}`, tag, ...described, params, status: 202, answer: accepted, problems: ['not-found', 'refused', 'conflict'] },
    async (asked) => {
      const { enrolmentId } = asked.params;
      const enrolment = await enrolmentWithRight(asked, enrolmentId, 'start-enrolment', name);
      const by = `person/${asked.session.personId}`;
      const { event, story, detail } = await eventOf(asked, enrolment, by);
      return asked.commit(async (tx, tell) => {
        const current = await findEnrolment(tx, enrolmentId);
        if (current?.status === 'ended') throw new Problem('conflict', 'This follow-up has ended; nothing changes it any more. Start a new one if it is needed.', { context: { endReason: current.endReason } });
        await tellStory(tx, [{ enrolmentId, patientId: enrolment.patientId, touchpointId: null, at: asked.now, what: story, detail: { by, ...detail } }]);
        tell([await tellThread(tx, 'followUp', enrolmentId, event, asked.now)]);
        return { enrolmentId, accepted: true as const };
      });
    },
  );
}

export const enrolmentChangeRoutes: readonly Route[] = [
  change('pause', { summary: 'Pause: nothing is begun until it is resumed', body: z.strictObject({ reason: code }) }, ({ body }, _enrolment, by) =>
    Promise.resolve({ event: { kind: 'paused', by, reason: body.reason }, story: 'enrolment.paused', detail: { reason: body.reason } }),
  ),
  change('resume', { summary: 'Resume', description: 'Steps that came due meanwhile follow their own lateness.', body: z.strictObject({}) }, (_asked, _enrolment, by) => Promise.resolve({ event: { kind: 'resumed', by }, story: 'enrolment.resumed', detail: {} })),
  change('anchors', { summary: 'Move an anchor, or make it known', description: 'Steps that have not begun are dated anew.', body: z.strictObject({ anchor: z.string().max(48), to: z.string().max(40) }) }, async ({ deps, body }, enrolment, by) => {
    const published = await findPlan(deps.sql, enrolment.planId, enrolment.planVersion);
    const faults = published === null ? [] : anchorFault(published.plan, body.anchor, body.to, Object.hasOwn(published.plan.anchors, body.anchor) ? '/to' : '/anchor');
    if (faults.length > 0) throw new Problem('invalid', 'Correct the anchor.', { errors: faults });
    return { event: { kind: 'anchor-moved', anchor: body.anchor, to: body.to, by }, story: 'enrolment.anchor-moved', detail: { anchor: body.anchor, to: body.to } };
  }),
  change('waive', { summary: 'Waive one step that has not begun', body: z.strictObject({ stepId: z.string().max(48), reason: code }) }, async ({ deps, body }, enrolment, by) => {
    const published = await findPlan(deps.sql, enrolment.planId, enrolment.planVersion);
    if (published?.plan.steps.some((step) => step.id === body.stepId) !== true) throw invalidField('/stepId', 'Use the id of a step of this plan.');
    return { event: { kind: 'waived', stepId: body.stepId, by, reason: body.reason }, story: 'enrolment.step-waived', detail: { step: body.stepId, reason: body.reason } };
  }),
  change('withdraw', { summary: 'End this follow-up', description: 'What is under way ends truthfully; an open escalation goes on.', body: z.strictObject({ reason: z.enum(['withdrawn', 'staff']).default('withdrawn') }) }, ({ body }, _enrolment, by) =>
    Promise.resolve({ event: { kind: 'ended', reason: body.reason, by }, story: 'enrolment.ended', detail: { reason: body.reason } }),
  ),
];
