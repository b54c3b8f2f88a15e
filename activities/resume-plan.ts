import { localText } from '../domain/time/describe.ts';
import type { CareActivities } from '../domain/threads.ts';
import { resumeFollowUp } from '../store/follow-ups.ts';
import type { FollowUpRow } from '../store/follow-up-row.ts';
import type { ActivityDeps } from './deps.ts';

/** Under the enrolment's lock: applies its inbox, decides. */
export function resumePlan(deps: ActivityDeps): CareActivities['resumePlan'] {
  return async (enrolmentId) => {
    const resumed = await deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, deps.clock().toISOString()));
    await deps.poker.poke(resumed.threads);
    return { next: resumed.next, details: detailsOf(resumed.row) };
  };
}

/** The dated plan as an engineer reads it in the workflow UI: steps, local times, outcomes. No patient data. */
function detailsOf({ plan, state }: FollowUpRow): string {
  const rows = state.touchpoints.map((touchpoint) => {
    const at = touchpoint.nextAt ?? touchpoint.dueAt;
    return `| ${touchpoint.stepId} | ${touchpoint.kind} | ${at === null ? 'anchor unknown' : localText(at, state.zone)} | ${touchpoint.outcome ?? touchpoint.status}${touchpoint.reason === null ? '' : ` (${touchpoint.reason})`} |`;
  });
  return [`**${plan.id} v${plan.version}**, ${state.status}`, '', '| step | kind | when | how it stands |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
