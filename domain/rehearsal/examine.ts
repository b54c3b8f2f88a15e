import type { Plan } from '../plan/format.ts';
import { findingsOfPlan, neverCameUp, once } from './findings.ts';
import { rehearse } from './rehearse.ts';
import type { Assumptions, Rehearsal, RehearsalContent, Reply } from './types.ts';

const minutesMs = 60_000;

/** Patients of whom one should hear the whole of a plan: calm, alarming, and silent. */
const standardReplies: readonly Reply[] = [
  { kind: 'green', afterMs: 10 * minutesMs, calls: [] },
  { kind: 'amber', afterMs: 10 * minutesMs, calls: [] },
  { kind: 'red', afterMs: 10 * minutesMs, calls: [] },
  { kind: 'silent', calls: [] },
];

/** A rehearsal with all the trouble that can be found: that of this run, of the plan alone, and steps that no standard run comes to. */
export function examine(plan: Plan, content: RehearsalContent, assumed: Assumptions): Rehearsal {
  const rehearsal = rehearse(plan, content, assumed);
  const anchors = { ...becomingKnown(assumed.outside), ...assumed.anchors };
  const standard = standardReplies.map((otherwise) => rehearse(plan, content, { ...assumed, alongside: [], anchors, outside: [], replies: { steps: {}, otherwise } }));
  return { ...rehearsal, findings: once([...rehearsal.findings, ...findingsOfPlan(plan, content, anchors), ...neverCameUp(plan, [rehearsal, ...standard])]) };
}

/** Anchors that become known on the way, with the first value that each is told. */
function becomingKnown(outside: Assumptions['outside']): Record<string, string> {
  const told = outside.flatMap((event) => (event.kind === 'plan' && event.event.kind === 'anchor-moved' ? [[event.event.anchor, event.event.to] as const] : []));
  return Object.fromEntries(told.toReversed());
}
