import { z } from 'zod';
import { languages } from '../codes.ts';
import { readDocument } from '../plan/document.ts';
import type { PlanFault } from '../plan/document.ts';
import { shapeFaults } from '../plan/shape-faults.ts';
import { messageTexts, textFaults } from './content.ts';
import type { MessageTemplates } from './message.ts';

const approval = z.strictObject({
  /** The clinician who answers for this text, by role or name of a member of staff; never a patient. */
  by: z.string().min(1).max(120),
  on: z.iso.date(),
});

/**
 * Advice to patients, `templates/advice/<id>.yaml`: what a clinician has approved, language by language. A text without an
 * approval counts as not written: a send in that language is held, and staff are told.
 */
export const adviceFileSchema = z.strictObject({
  format: z.literal('carethread.advice/1'),
  id: z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Use lower-case letters, digits and hyphens, beginning with a letter.'),
  version: z.int().min(1),
  /** The guideline that it follows. */
  source: z.string().min(1).max(300),
  approved: z.strictObject({ en: approval.optional(), zh: approval.optional() }),
  en: messageTexts.optional(),
  zh: messageTexts.optional(),
});

export type AdviceFile = z.infer<typeof adviceFileSchema>;

/** Reads an advice file, or reports all its faults at once. Answers with the texts of the approved languages alone. */
export function parseAdvice(text: string): { ok: true; id: string; texts: MessageTemplates } | { ok: false; faults: PlanFault[] } {
  const document = readDocument(text);
  if (!document.ok) return document;
  const parsed = adviceFileSchema.safeParse(document.value);
  if (!parsed.success) return { ok: false, faults: shapeFaults(parsed.error, document.value, document.lineOf) };
  const advice = parsed.data;
  const faults = textFaults({ audience: 'patient', en: advice.en, zh: advice.zh }, document.lineOf);
  for (const language of languages) if (advice.approved[language] !== undefined && advice[language] === undefined) faults.push({ path: `approved.${language}`, message: `Write the text in ${language}, or take its approval away.` });
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, id: advice.id, texts: { en: advice.approved.en === undefined ? undefined : advice.en, zh: advice.approved.zh === undefined ? undefined : advice.zh } };
}
