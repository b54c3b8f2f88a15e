import { z } from 'zod';
import type { Language } from '../codes.ts';
import type { PlanParts, Report } from './check.ts';
import { readDocument } from './document.ts';
import type { PlanFault } from './document.ts';
import { shapeFaults } from './shape-faults.ts';

const text = z.string().min(1).max(800);

/** What staff are to do at a step of a plan, `templates/instructions/<id>.yaml`: whoever looks at the task reads it. It is nobody's data, and is sent to nobody. */
export const instructionFileSchema = z.strictObject({
  format: z.literal('carethread.instruction/1'),
  id: z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Use lower-case letters, digits and hyphens, beginning with a letter.'),
  version: z.int().min(1),
  /** The guideline that it follows. */
  source: z.string().min(1).max(300).optional(),
  en: text,
  zh: text.optional(),
});

/** A step's `instruction` in words. A language that is not written is read in English. */
export type Instruction = Readonly<Pick<z.infer<typeof instructionFileSchema>, 'en' | 'zh'>>;
export type Instructions = Readonly<Record<string, Instruction>>;

/** Reads an instruction file, or reports all its faults at once. */
export function parseInstruction(file: string): { ok: true; id: string; instruction: Instruction } | { ok: false; faults: PlanFault[] } {
  const document = readDocument(file);
  if (!document.ok) return document;
  const parsed = instructionFileSchema.safeParse(document.value);
  if (!parsed.success) return { ok: false, faults: shapeFaults(parsed.error, document.value, document.lineOf) };
  const { id, en, zh } = parsed.data;
  return { ok: true, id, instruction: { en, zh } };
}

/** In the language of whoever reads, else in English; null where it is a code alone. */
export function instructionText(instructions: Instructions, code: string | null, language: Language): string | null {
  const instruction = code !== null && Object.hasOwn(instructions, code) ? instructions[code] : undefined;
  return instruction?.[language] ?? instruction?.en ?? null;
}

/** A plan may name what is not written yet, as plans did before there were texts: staff then read the code. */
export function warnOfInstructions(parts: PlanParts, instructions: Instructions, report: Report): void {
  for (const { index, step } of parts.steps) {
    if ((step.kind !== 'task' && step.kind !== 'review') || Object.hasOwn(instructions, step.instruction)) continue;
    report(['steps', index, 'instruction'], `Staff will read "${step.instruction}" as it stands: there is no text for it. Write the file instructions/${step.instruction}.yaml, or use one of: ${Object.keys(instructions).join(', ')}.`);
  }
}
