/** Schemas of what the journal holds; also the edge where the control API's behaviours are read. */
import { z } from 'zod';
import { textBehaviours } from './types.ts';
import type { Alert, ApiLogEntry, CallBehaviour, CallRecord, MessageRecord, PhoneRecord, RecordingRecord, Turn } from './types.ts';
import { isPhoneNumber } from './provider-format.ts';

export const phoneNumber = z.string().refine(isPhoneNumber, 'A phone number in E.164, such as +12025550101.');
const maybe = <T extends z.ZodType>(schema: T) => schema.nullable();
const instant = z.number();

export const turn: z.ZodType<Turn> = z.strictObject({
  when: z.string().optional(),
  press: z.string().regex(/^[0-9*#wW]*$/, 'Keys are 0-9, * and #.').optional(),
  say: z.string().optional(),
  confidence: z.number().min(0).max(1).optional(),
  silent: z.boolean().optional(),
  hangUp: z.boolean().optional(),
});

export const callBehaviour: z.ZodType<CallBehaviour> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('live') }),
  z.strictObject({ kind: z.literal('human'), turns: z.array(turn), hangUpAfterPrompts: z.int().positive().optional() }),
  z.strictObject({ kind: z.literal('machine'), greeting: z.string().optional() }),
  z.strictObject({ kind: z.literal('voicemail'), greeting: z.string().optional() }),
  z.strictObject({ kind: z.literal('busy') }),
  z.strictObject({ kind: z.literal('no-answer') }),
  z.strictObject({ kind: z.literal('failed') }),
]);

export const textBehaviour = z.enum(textBehaviours);

export const phoneRecord: z.ZodType<PhoneRecord> = z.object({
  number: phoneNumber, label: z.string(), text: textBehaviour, calls: z.array(callBehaviour).min(1),
});

export const messageRecord: z.ZodType<MessageRecord> = z.object({
  sid: z.string(),
  direction: z.enum(['inbound', 'outbound-api', 'outbound-reply']),
  from: maybe(z.string()),
  to: z.string(),
  body: z.string(),
  segments: z.number(),
  status: z.enum(['accepted', 'scheduled', 'canceled', 'queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'receiving', 'received']),
  errorCode: maybe(z.number()),
  errorMessage: maybe(z.string()),
  messagingServiceSid: maybe(z.string()),
  statusCallback: maybe(z.string()),
  createdAt: instant, updatedAt: instant, sentAt: maybe(instant), sendAt: maybe(instant),
  redacted: z.boolean(), deleted: z.boolean(),
});

const utterance = z.object({ at: instant, who: z.enum(['system', 'callee', 'keys', 'beep']), text: z.string(), language: z.string() });

export const callRecord: z.ZodType<CallRecord> = z.object({
  sid: z.string(),
  direction: z.literal('outbound-api'),
  from: z.string(),
  to: z.string(),
  status: z.enum(['queued', 'ringing', 'in-progress', 'completed', 'busy', 'failed', 'no-answer', 'canceled']),
  behaviour: maybe(z.enum(['live', 'human', 'machine', 'voicemail', 'busy', 'no-answer', 'failed'])),
  answeredBy: maybe(z.enum(['human', 'machine_start', 'machine_end_beep', 'unknown'])),
  asking: maybe(z.enum(['keys', 'speech', 'keys or speech', 'recording'])),
  transcript: z.array(utterance),
  createdAt: instant, updatedAt: instant, startedAt: maybe(instant), endedAt: maybe(instant),
  durationSeconds: maybe(z.number()),
  statusCallback: maybe(z.string()),
  deleted: z.boolean(),
});

export const recordingRecord: z.ZodType<RecordingRecord> = z.object({
  sid: z.string(),
  callSid: z.string(),
  status: z.enum(['in-progress', 'paused', 'stopped', 'processing', 'completed', 'absent']),
  source: z.enum(['OutboundAPI', 'RecordVerb', 'StartCallRecordingAPI']),
  createdAt: instant, updatedAt: instant, startedAt: instant,
  durationSeconds: maybe(z.number()),
  deleted: z.boolean(),
});

export const alertRecord: z.ZodType<Alert> = z.object({ at: instant, code: z.number(), message: z.string(), url: z.string(), sid: maybe(z.string()) });

export const logRecord: z.ZodType<ApiLogEntry> = z.object({
  at: instant, method: z.string(), path: z.string(), kind: z.string(), to: maybe(z.string()), from: maybe(z.string()),
  body: maybe(z.string()), sid: maybe(z.string()), status: z.number(), accepted: z.boolean(), answer: z.enum(['sent', 'dropped']),
});

export const optOutRecord = z.object({ from: z.string(), to: z.string(), out: z.boolean() });
