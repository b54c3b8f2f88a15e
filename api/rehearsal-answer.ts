import { z } from 'zod';
import { channels } from '../domain/codes.ts';
import { entryKinds, findingCodes } from '../domain/rehearsal/types.ts';
import type { Rehearsal } from '../domain/rehearsal/types.ts';
import { instant } from './schemas.ts';

const inBothLanguages = z.object({ en: z.string(), zh: z.string() });
const entry = z
  .object({
    at: instant, localTime: z.string().meta({ description: 'As the patient\'s wall shows it.' }), planId: z.string().nullable().meta({ description: 'Null: it belongs to no one plan, such as a text that answers nothing.' }), stepId: z.string().nullable(), recurrenceId: z.string().nullable(), kind: z.enum(entryKinds), channel: z.enum(channels).nullable(),
    text: z.string().nullable().meta({ description: 'What is sent, said or written, whole.' }), segments: z.int().meta({ description: 'What the text costs as SMS.' }), question: z.string().nullable(), outcome: z.string().nullable(), reason: z.string().nullable(), words: inBothLanguages,
  })
  .meta({ id: 'RehearsalEntry' });
const finding = z.object({ code: z.enum(findingCodes), planId: z.string(), stepId: z.string().nullable(), sentence: inBothLanguages, remedy: inBothLanguages }).meta({ id: 'RehearsalFinding' });
const course = { status: z.enum(['active', 'paused', 'ended']), endReason: z.string().nullable() };

/** The timeline and the trouble found. */
export const rehearsalAnswer = z.object({ timeline: z.array(entry), findings: z.array(finding), ...course, alongside: z.array(z.object({ planId: z.string(), ...course })) });

/** The answer as it goes out: thousands of lines, written where they were made. */
export function writtenAnswer({ entries, findings, status, endReason, alongside }: Rehearsal): Uint8Array<ArrayBuffer> {
  const answer: z.input<typeof rehearsalAnswer> = { timeline: entries, findings, status, endReason, alongside: alongside.map((other) => ({ planId: other.planId, status: other.status, endReason: other.endReason })) };
  return new TextEncoder().encode(JSON.stringify(answer));
}
