import { z } from 'zod';
import { respondents } from '../questionnaire/format.ts';
import { answeredBySchema } from '../questionnaire/response.ts';
import type { DialogueProgress, VoiceProgress } from './types.ts';

const answers = z.record(z.string(), z.union([z.number(), z.string()]));
const common = { answers, reasked: z.int().min(0), respondent: z.enum(respondents) };

const dialogue = z.object({ schemaVersion: z.literal(2), ...common, skipped: z.array(z.string()), answeredBy: answeredBySchema });

/** Counted items by their place in the list and could leave none out, so the answers alone say where it stands. */
const dialogueVersion1 = z
  .object({ schemaVersion: z.literal(1), ...common, itemIndex: z.int().min(0) })
  .transform(({ answers: given, reasked, respondent }): DialogueProgress => ({ schemaVersion: 2, answers: given, skipped: [], answeredBy: {}, reasked, respondent }));

/** Progress as it comes back from the vault: parsed again, because it crossed a process and perhaps a release. */
export const dialogueProgressSchema: z.ZodType<DialogueProgress> = z.union([dialogue, dialogueVersion1]);

export const voiceProgressSchema: z.ZodType<VoiceProgress> = z
  .object({
    schemaVersion: z.literal([1, 2]),
    stage: z.enum(['identity', 'recording-consent', 'questions', 'done']),
    recording: z.enum(['not-asked', 'agreed', 'refused']),
    misses: z.int().min(0),
    asked: z.string().optional(),
    dialogue: dialogueProgressSchema,
  })
  .transform((voice): VoiceProgress => ({ ...voice, schemaVersion: 2 }));
