import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { migrationResults } from '../../domain/migration/look.ts';
import { migrationChangeKinds, migrationChoices } from '../../domain/migration/types.ts';
import { createGate } from '../../store/gate.ts';
import type { OrderedDetail } from '../../store/gate.ts';
import { listMigrated, listMigrations, migrationStatuses } from '../../store/plan-migration-views.ts';
import type { MigrationSummary } from '../../store/plan-migration-views.ts';
import { findPlan } from '../../store/plans.ts';
import { readCursor, toPage } from '../cursor.ts';
import { demandDepartment } from '../department.ts';
import { groupsOf, moveJob, ofPatients, openEnrolled, pageIn, plansOf } from '../plan-migration.ts';
import type { LookedAt } from '../looker.ts';
import { Problem, invalidField, notFound } from '../problem.ts';
import { route } from '../route.ts';
import type { Asker, Route } from '../route.ts';
import { id, instant, pageLimit, pageOf, pageQuery, planId } from '../schemas.ts';
import { after, group, listOfGroup, stepMap as sayStepMap, version } from '../version-schemas.ts';

/** As for publishing. */
const writers = ['coordinator', 'clinician', 'admin'] as const;
const tag = 'plans';
const choice = z.enum(migrationChoices, `Write one of ${migrationChoices.join(', ')}.`);

const versions = {
  from: version,
  to: version,
  stepMap: sayStepMap,
  choice: choice.optional().meta({ description: 'For every group that is not named. Left out: those stay.' }),
  groups: z.record(group, choice).optional().meta({ description: 'By group of the preview.' }),
};
const groupAnswer = z
  .object({
    group, choice, result: z.enum(migrationResults), reason: z.string().nullable(), count: z.int(), words: z.object({ en: z.string(), zh: z.string() }),
    changes: z.array(z.object({ kind: z.enum(migrationChangeKinds), stepId: z.string() })), ends: z.boolean(),
  })
  .meta({ id: 'MigrationGroup' });
const counts = z.object({ pending: z.int(), moved: z.int(), restarted: z.int(), kept: z.int(), refused: z.int() });
const order = z
  .object({
    migrationId: id, planId, from: version, to: version, stepMap: z.record(z.string(), z.string().nullable()), why: z.string(), orderedBy: z.string(), orderedAt: instant, counts,
    refused: z.record(z.string(), z.int()).meta({ description: 'Of those that are refused, how many for which reason.' }),
  })
  .meta({ id: 'Migration' });
const migrated = z
  .object({
    enrolmentId: id, group: z.string(), choice, status: z.enum(migrationStatuses), reason: z.string().nullable(), lookedAgain: z.boolean(),
    changes: z.array(z.object({ kind: z.enum(migrationChangeKinds), stepId: z.string(), recurrenceId: z.string(), from: instant.nullable(), to: instant.nullable() })), endedAt: instant.nullable(),
  })
  .meta({ id: 'MigratedEnrolment' });

export const planMigrationRoutes: readonly Route[] = [
  route(
    writers,
    {
      method: 'post', path: '/v1/plans/{planId}/migrations/preview', tag, summary: 'What moving everybody to a later version would change', keyed: false, problems: ['refused', 'too-many-requests', 'took-too-long'], params: z.object({ planId }),
      description: 'Changes nothing. Groups are those who are changed alike. With `list`, the enrolments of one group, by pages.',
      body: z.strictObject({ ...versions, list: listOfGroup }),
      answer: z.object({
        stepMap: z.record(z.string(), z.string().nullable()), total: z.int(), notYours: z.int().meta({ description: 'Follow-ups of patients in whose care you are not: nothing is said of them, and no order of yours moves them.' }),
        groups: z.array(groupAnswer), enrolments: z.object({ items: z.array(id), nextCursor: z.string().nullable() }).nullable(),
      }),
    },
    async (asked) => {
      const { body } = asked;
      const plans = await plansOf(asked, asked.params.planId, body, 'preview-migration');
      const choiceLeft = body.groups === undefined ? ('move' as const) : ('keep' as const);
      return asked.deps.looker.within(asked.session.personId, async (look) => {
        const { patientIds, enrolments } = await openEnrolled(asked, 'preview-migration', plans);
        const rows = ofPatients((await look.move(moveJob(asked, plans, { choice: body.choice ?? choiceLeft, groups: body.groups }, 'preview'))).rows, patientIds);
        return { stepMap: { ...plans.stepMap }, total: rows.length, notYours: Math.max(0, enrolments - rows.length), groups: groupsOf(rows, plans), enrolments: body.list === undefined ? null : pageIn(rows, body.list) };
      });
    },
  ),
  route(
    writers,
    {
      method: 'post', path: '/v1/plans/{planId}/migrations', tag, summary: 'Order the move of everybody, or of groups, to a later version', status: 201, problems: ['refused', 'conflict', 'too-many-requests', 'took-too-long'], params: z.object({ planId }),
      description: 'Looks once more, and keeps a row for each enrolment: the worker carries the moves out, one transaction each, and goes on after a crash. One that has changed since in another way than the look said is not moved.',
      body: z.strictObject({ ...versions, why: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9:@/._=-]{0,39}$/, 'Write why as a code of at most 40 characters: it goes into the ledger, which holds no prose.') }),
      answer: z.object({ migrationId: id, total: z.int(), groups: z.array(groupAnswer) }),
    },
    async (asked) => {
      const { body, now } = asked;
      const plans = await plansOf(asked, asked.params.planId, body, 'order-migration');
      if (body.choice === undefined && body.groups === undefined) throw invalidField('/choice', 'Choose for all, or for groups of the preview.');
      const { rows: all } = await asked.deps.looker.within(asked.session.personId, (look) => look.move(moveJob(asked, plans, body, body.why)));
      // Asked for after the look, which may take longer than a right lasts.
      const { secret, patientIds } = await openEnrolled(asked, 'order-migration', plans, `why=${body.why}`);
      const looked = ofPatients(all, patientIds);
      const rows = looked.map(({ enrolmentId, revision, way: { group: ofGroup, choice: chosen, shape, look: { result, reason } } }) => ({ enrolmentId, group: ofGroup, choice: chosen, expected: shape, revision, reason, status: result === 'kept' || result === 'refused' ? result : ('pending' as const) }));
      return asked.commit(async (tx) => {
        // In here, so that an order that is sent again, whose groups are gone because it was carried out, gets the answer that was kept.
        demandGroups(body.groups, looked);
        const migrationId = randomUUID();
        await createGate(tx).orderMigration(secret, { migrationId, to: body.to, stepMap: plans.stepMap, why: body.why, now, rows });
        return { migrationId, total: looked.length, groups: groupsOf(looked, plans) };
      });
    },
  ),
  route(
    writers,
    { method: 'get', path: '/v1/plans/{planId}/migrations', tag, summary: 'Orders to move follow-ups of this plan, the newest first', params: z.object({ planId }), query: z.strictObject(pageQuery), answer: pageOf(order), problems: ['not-found', 'refused'] },
    async (asked) => {
      const { cursor, limit: atMost } = asked.query;
      const after = readCursor(cursor);
      await demandOwn(asked, asked.params.planId);
      const orders = await listMigrations(asked.deps.sql, asked.params.planId, { after, limit: atMost + 1 });
      const { items, nextCursor } = toPage(orders.map((each) => ({ ...each, id: each.migrationId })), atMost);
      return { items: items.map(viewOf), nextCursor };
    },
  ),
  route(
    writers,
    { method: 'get', path: '/v1/plans/{planId}/migrations/{migrationId}', tag, summary: 'How far an order has come', params: z.object({ planId, migrationId: id }), answer: order, problems: ['not-found', 'refused'] },
    (asked) => orderOf(asked, asked.params),
  ),
  route(
    writers,
    {
      method: 'get', path: '/v1/plans/{planId}/migrations/{migrationId}/enrolments', tag, summary: 'What each enrolment of an order has come to', params: z.object({ planId, migrationId: id }), problems: ['not-found', 'refused'],
      description: 'Of patients who are in your care now. A page is one right, and one event that names its patients.',
      query: z.strictObject({ cursor: after, limit: pageLimit, status: z.enum(migrationStatuses).optional() }),
      answer: z.object({ items: z.array(migrated), nextCursor: z.string().nullable(), notYours: z.int().meta({ description: 'Follow-ups of the order, of this status, whose patients are not in your care: they are counted and not named.' }) }),
    },
    async (asked) => {
      await orderOf(asked, asked.params);
      const { cursor, limit: atMost, status } = asked.query;
      const { gate, sql } = asked.deps;
      const secret = await gate.openOrdered({ token: asked.token, migrationId: asked.params.migrationId, status: status ?? null, after: cursor ?? null, limit: atMost });
      const { enrolmentIds, more, notYours } = (await gate.demand<OrderedDetail>(secret)).detail;
      return { items: await listMigrated(sql, asked.params.migrationId, enrolmentIds), nextCursor: more ? (enrolmentIds.at(-1) ?? null) : null, notYours };
    },
  ),
];

/** A choice for a group that nobody is in would be an order that does less than its author thinks. */
function demandGroups(groups: Readonly<Record<string, unknown>> = {}, looked: readonly LookedAt[]): void {
  const found = new Set(looked.map(({ way }) => way.group));
  const missing = Object.keys(groups).filter((named) => !found.has(named));
  if (missing.length === 0) return;
  const message = 'No follow-up in your care is changed in this way, or none any more. Look again, and use the groups of that list.';
  throw new Problem('invalid', 'Nothing was ordered. Correct the groups that "errors" lists.', { errors: missing.map((named) => ({ pointer: `/groups/${named}`, message })) });
}

/** A plan is its department's; oversight of all of them is an admin's. */
async function demandOwn(asked: Asker, ofPlan: string): Promise<void> {
  const published = await findPlan(asked.deps.sql, ofPlan, null);
  if (published === null) throw notFound('plan');
  if (!asked.session.roles.includes('admin')) await demandDepartment(asked, published.plan.department, { action: 'show-migration', subject: `plan/${ofPlan}` });
}

async function orderOf(asked: Asker, { planId: ofPlan, migrationId }: { planId: string; migrationId: string }) {
  await demandOwn(asked, ofPlan);
  const [found] = await listMigrations(asked.deps.sql, ofPlan, { migrationId });
  if (found === undefined) throw notFound('migration');
  return viewOf(found);
}

function viewOf({ migrationId, planId: ofPlan, from, to, stepMap, why, orderedBy, orderedAt, counts: tally, refused }: MigrationSummary): z.input<typeof order> {
  return { migrationId, planId: ofPlan, from, to, stepMap: { ...stepMap }, why, orderedBy, orderedAt, counts: tally, refused };
}
