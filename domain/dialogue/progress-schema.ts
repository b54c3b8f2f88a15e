import { z } from 'zod';
import type { DialogueProgress, VoiceProgress } from './types.ts';

/** Progress as it comes back from the vault: parsed again, because it crossed a process and perhaps a release. */
export const dialogueProgressSchema: z.ZodType<DialogueProgress> = z.object({
  schemaVersion: z.literal(1),
  answers: z.record(z.string(), z.union([z.number(), z.string()])),
  itemIndex: z.int().min(0),
  reasked: z.int().min(0),
  respondent: z.enum(['patient', 'caregiver', 'staff']),
});

export const voiceProgressSchema: z.ZodType<VoiceProgress> = z.object({
  schemaVersion: z.literal(1),
  stage: z.enum(['identity', 'recording-consent', 'questions', 'done']),
  recording: z.enum(['not-asked', 'agreed', 'refused']),
  misses: z.int().min(0),
  dialogue: dialogueProgressSchema,
});
