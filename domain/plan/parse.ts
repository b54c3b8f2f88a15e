import type { PlanFault } from './document.ts';
import { readDocument } from './document.ts';
import type { Plan } from './format.ts';
import { planSchema } from './format.ts';
import { shapeFaults } from './shape-faults.ts';

export type { PlanFault } from './document.ts';

export type ParsedPlan = { ok: true; plan: Plan } | { ok: false; faults: PlanFault[] };

/**
 * Reads a plan from YAML or JSON into types that cannot be wrong inside, or tells all faults of its shape at once.
 * What spans fields or needs questionnaires and messages is found by `checkPlan`; `validatePlan` does both.
 */
export function parsePlan(text: string): ParsedPlan {
  const document = readDocument(text);
  if (!document.ok) return document;
  const parsed = planSchema.safeParse(document.value);
  return parsed.success ? { ok: true, plan: parsed.data } : { ok: false, faults: shapeFaults(parsed.error, document.value, document.lineOf) };
}
