import { z } from 'zod';
import type { PlanFault } from '../plan/document.ts';
import { faultAt, readDocument } from '../plan/document.ts';
import { shapeFaults } from '../plan/shape-faults.ts';
import { checkQuestionnaire } from './check.ts';
import type { Questionnaire } from './format.ts';
import { itemSchema, questionnaireSchema, safeguardSchema, scoreSchema, sectionSchema } from './format.ts';
import type { Placed, QuestionnaireParts } from './parts.ts';

export type ParsedQuestionnaire = { ok: true; questionnaire: Questionnaire } | { ok: false; faults: PlanFault[] };

/**
 * Reads a questionnaire from YAML or JSON and reports all its faults at once, those of its shape and those that span fields,
 * each with path and line. Where a part has the wrong shape, the rest is still checked.
 */
export function parseQuestionnaire(text: string): ParsedQuestionnaire {
  const document = readDocument(text);
  if (!document.ok) return document;
  const parsed = questionnaireSchema.safeParse(document.value);
  const faults = parsed.success ? [] : shapeFaults(parsed.error, document.value, document.lineOf);
  checkQuestionnaire(readableParts(document.value), (path, message) => faults.push(faultAt(path, message, document.lineOf)));
  return parsed.success && faults.length === 0 ? { ok: true, questionnaire: parsed.data } : { ok: false, faults };
}

function readableParts(value: unknown): QuestionnaireParts {
  const whole = z.looseObject({}).safeParse(value).data ?? {};
  const [items, sections] = [listOf(whole['items']), listOf(whole['sections'])];
  return {
    items: readable(items, itemSchema),
    sections: readable(sections, sectionSchema),
    scores: readable(listOf(whole['scores']), scoreSchema),
    safeguards: readable(listOf(whole['safeguards']), safeguardSchema),
    itemIds: items.map(idOf),
    sectionIds: sections.map(idOf),
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value.map((entry: unknown) => entry) : [];
}

function readable<Part>(list: readonly unknown[], schema: z.ZodType<Part>): Placed<Part>[] {
  return list.flatMap((entry, index) => {
    const parsed = schema.safeParse(entry);
    return parsed.success ? [{ index, part: parsed.data }] : [];
  });
}

/** Empty where there is none, so that places in the list stay what they are. */
function idOf(entry: unknown): string {
  return z.object({ id: z.string() }).safeParse(entry).data?.id ?? '';
}
