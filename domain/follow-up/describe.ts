import type { Plan } from '../plan/format.ts';
import { localText } from '../time/describe.ts';
import { hasLostDate } from './awaited.ts';
import { byTime } from './touchpoints.ts';
import type { FollowUpState } from './types.ts';

/** The dated plan as an engineer reads it in the workflow UI, in Markdown: steps, local times, outcomes. No patient data. */
export function describePlan(plan: Plan, state: FollowUpState): string {
  const rows = state.touchpoints.toSorted(byTime(({ dueAt }) => dueAt)).map((touchpoint) => {
    const at = touchpoint.nextAt ?? touchpoint.dueAt;
    return `| ${touchpoint.stepId}${touchpoint.recurrenceId === '' ? '' : ` ${touchpoint.recurrenceId}`} | ${touchpoint.kind} | ${at === null ? (hasLostDate(touchpoint) ? 'cancelled, no other date yet' : 'anchor unknown') : localText(at, state.zone)} | ${touchpoint.outcome ?? touchpoint.status}${touchpoint.reason === null ? '' : ` (${touchpoint.reason})`} |`;
  });
  return [`**${plan.id} v${plan.version}**, ${state.status}`, '', '| step | kind | when | how it stands |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
