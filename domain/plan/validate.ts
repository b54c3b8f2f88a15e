import { z } from 'zod';
import type { Catalogue, PlanParts, Report } from './check.ts';
import { checkParts } from './check.ts';
import type { PlanFault } from './document.ts';
import { faultAt, readDocument } from './document.ts';
import { mostSteps, planSchema, stepSchema } from './format.ts';
import { warnOfInstructions } from './instructions.ts';
import type { ParsedPlan } from './parse.ts';
import { shapeFaults } from './shape-faults.ts';
import { warnOfStaffing } from './staffing.ts';

/** As `ParsedPlan`, with what hinders no publishing and should be known: nobody is there whom the plan names, or no text tells what an instruction means. */
export type ValidatedPlan = ParsedPlan & { warnings: PlanFault[] };

/**
 * Everything that stands between a file and publishing: reads the plan, and reports the faults of its shape and those that
 * span fields in one list, so that an author corrects a file once. Where a part has the wrong shape, the rest is still checked.
 */
export function validatePlan(text: string, content: Catalogue): ValidatedPlan {
  const document = readDocument(text);
  if (!document.ok) return { ...document, warnings: [] };
  const parsed = planSchema.safeParse(document.value);
  const shape = parsed.success ? [] : shapeFaults(parsed.error, document.value, document.lineOf);
  const parts = readableParts(document.value);
  const faults = [...shape, ...checkParts(parts, content, document.lineOf)];
  const warnings: PlanFault[] = [];
  const warn: Report = (path, message) => warnings.push(faultAt(path, message, document.lineOf));
  if (content.staffing !== undefined) warnOfStaffing(parts, content.staffing, warn);
  if (content.instructions !== undefined) warnOfInstructions(parts, content.instructions, warn);
  return parsed.success && faults.length === 0 ? { ok: true, plan: parsed.data, warnings } : { ok: false, faults, warnings };
}

function readableParts(value: unknown): PlanParts {
  const { anchors, businessHours, channels, contactHours, department, facts, ladders, lookBack, ruleSets, tags } = planSchema.shape;
  const whole = z.looseObject({ anchors: z.unknown(), businessHours: z.unknown(), channels: z.unknown(), contactHours: z.unknown(), department: z.unknown(), facts: z.unknown(), ladders: z.unknown(), lookBack: z.unknown(), ruleSets: z.unknown(), steps: z.unknown(), tags: z.unknown() }).partial().safeParse(value).data ?? {};
  // What stands beyond is one fault as it is, and costs no more.
  const steps = Array.isArray(whole.steps) ? whole.steps.slice(0, mostSteps).map((raw: unknown, index) => ({ index, raw, step: stepSchema.safeParse(raw) })) : [];
  const names = z.record(z.string(), z.unknown()).safeParse(whole.anchors);
  return {
    department: department.safeParse(whole.department).data ?? null,
    // The names count even where an anchor's own content is wrong: otherwise each use of it would be a second, false fault.
    anchors: names.success ? Object.fromEntries(Object.entries(names.data).map(([name, content]) => [name, anchors.valueType.safeParse(content).data?.kind ?? null])) : null,
    anchorTitles: anchors.safeParse(whole.anchors).data ?? null,
    facts: facts.safeParse(whole.facts).data ?? (whole.facts === undefined ? {} : null),
    lookBack: lookBack.safeParse(whole.lookBack).data ?? (whole.lookBack === undefined ? {} : null),
    tags: tags.safeParse(whole.tags).data ?? (whole.tags === undefined ? [] : null),
    ruleSets: ruleSets.safeParse(whole.ruleSets).data ?? (whole.ruleSets === undefined ? {} : null),
    businessHours: businessHours.safeParse(whole.businessHours).data ?? null,
    channels: channels.safeParse(whole.channels).data ?? null,
    contactHours: contactHours.safeParse(whole.contactHours).data ?? null,
    steps: steps.flatMap(({ index, step }) => (step.success ? [{ index, step: step.data }] : [])),
    misshapen: steps.flatMap(({ raw, step }) => (step.success ? [] : (z.looseObject({ id: z.string().min(1) }).safeParse(raw).data?.id ?? []))),
    ladders: ladders.safeParse(whole.ladders).data ?? null,
  };
}
