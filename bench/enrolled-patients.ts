import { randomUUID } from 'node:crypto';
import { decide } from '../domain/follow-up/decide.ts';
import { planTouchpoints } from '../domain/follow-up/schedule.ts';
import type { FollowUpState } from '../domain/follow-up/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import { toInstant } from '../domain/time/instants.ts';
import { json } from '../store/connect.ts';
import type { Sql } from '../store/connect.ts';
import type { Vault } from '../store/vault/index.ts';
import { atOnce } from './at-once.ts';

const zones = ['Asia/Shanghai', 'America/New_York', 'Europe/Berlin', 'Australia/Sydney', 'Asia/Kathmandu'];
const dayMs = 24 * 60 * 60 * 1000;
const rowsAtOnce = 1_000;

/**
 * Puts each patient into a plan, as its thread would have left them: begun on one of the 60 days before `now`, what lies behind carried
 * out, the rest planned. Two of three have their facts, sealed by the vault. Written by the superuser, since ten thousand starts would take long.
 */
export async function plantEnrolled(root: Sql, vault: Vault, plan: Plan, patientIds: readonly string[], now: Date): Promise<void> {
  const planted: { state: FollowUpState; patientId: string; sealed: string | null }[] = [];
  await atOnce(4, [...patientIds.entries()], async ([index, patientId]) => {
    const enrolmentId = randomUUID();
    const sealed = index % 3 === 0 ? null : (await vault.sealJson({ facts: { diabetes: index % 2 === 0 } }, { patientId, field: 'enrolment.facts', rowId: enrolmentId, version: 1, retentionClass: 'care' })).toString('hex');
    planted.push({ state: standing(plan, enrolmentId, zones[index % zones.length] ?? 'UTC', now, index % 60), patientId, sealed });
  });
  for (let from = 0; from < planted.length; from += rowsAtOnce) await write(root, plan, planted.slice(from, from + rowsAtOnce));
}

function standing(plan: Plan, enrolmentId: string, zone: string, now: Date, daysAgo: number): FollowUpState {
  const startedAt = toInstant(now.getTime() - daysAgo * dayMs);
  const anchors = Object.fromEntries(Object.entries(plan.anchors).map(([anchor, { kind }]) => [anchor, kind === 'date' ? startedAt.slice(0, 10) : startedAt]));
  const fresh: FollowUpState = { schemaVersion: 1, enrolmentId, status: 'active', endReason: null, startedAt, pausedAt: null, anchors, tags: [], zone, series: {}, touchpoints: [] };
  const begun = decide(plan, { ...fresh, touchpoints: planTouchpoints(plan, fresh, randomUUID) }, startedAt, 1, randomUUID).state;
  const touchpoints = begun.touchpoints.map((touchpoint) => (touchpoint.dueAt !== null && touchpoint.dueAt < now.toISOString() && touchpoint.status !== 'done' ? { ...touchpoint, status: 'done' as const, outcome: 'delivered' as const, nextAt: null } : touchpoint));
  return { ...begun, touchpoints };
}

async function write(root: Sql, plan: Plan, planted: readonly { state: FollowUpState; patientId: string; sealed: string | null }[]): Promise<void> {
  const enrolments = json(root, planted.map(({ state, patientId, sealed }) => ({ enrolment: state.enrolmentId, patient: patientId, anchors: state.anchors, zone: state.zone, series: state.series, begun: state.startedAt, sealed })));
  const touchpoints = json(root, planted.flatMap(({ state, patientId }) => state.touchpoints.map(({ id, stepId, recurrenceId, kind, dueAt, nextAt, status, outcome }) => ({ id, enrolment: state.enrolmentId, patient: patientId, step: stepId, recurrence: recurrenceId, kind, due: dueAt, next: nextAt, status, outcome }))));
  await root.begin(async (tx) => {
    await tx`create temporary table planted on commit drop as select * from jsonb_to_recordset(${enrolments}) as r(enrolment uuid, patient uuid, anchors jsonb, zone text, series jsonb, begun timestamptz, sealed text)`;
    await tx`insert into care.enrolment (enrolment_id, patient_id, plan_id, plan_version, department, anchors, zone, series, revision, started_by, started_at)
      select enrolment, patient, ${plan.id}, ${plan.version}, ${plan.department}, anchors, zone, series, 1, 'bench', begun from planted`;
    await tx`insert into care.touchpoint (touchpoint_id, enrolment_id, patient_id, step_id, recurrence_id, kind, purpose, due_at, next_at, status, outcome)
      select id, enrolment, patient, step, recurrence, kind, ${plan.purpose}, due, next, status, outcome
      from jsonb_to_recordset(${touchpoints}) as r(id uuid, enrolment uuid, patient uuid, step text, recurrence text, kind text, due timestamptz, next timestamptz, status text, outcome text)`;
    await tx`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by) select patient, 'enrolment.facts', enrolment, 1, gen_random_uuid(), decode(sealed, 'hex'), 'bench' from planted where sealed is not null`;
  });
}
