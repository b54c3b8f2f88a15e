import { z } from 'zod';
import type { CallStatus, MessageStatus } from '../types.ts';

/**
 * Ends an address that the provider asks or reports to: its connection overrides. It then tries again for some seconds while a
 * process of ours restarts, so that no receipt and no keypress is lost. A fragment is not sent, and not signed.
 */
export const insistently = '#rc=5&rp=all';

/**
 * Status callbacks, parsed. They come in any order and more than once: `rank` grows along a message's life, so that an
 * older status never overwrites a newer one.
 */
const messageRanks: Readonly<Record<string, number>> = { accepted: 1, scheduled: 1, queued: 2, sending: 3, sent: 4, delivered: 6, undelivered: 6, failed: 6, read: 7, canceled: 6 };
const callRanks: Readonly<Record<string, number>> = { queued: 1, initiated: 2, ringing: 3, 'in-progress': 4, answered: 4, completed: 6, busy: 6, 'no-answer': 6, failed: 6, canceled: 6 };

const code = z.string().regex(/^[\w-]{1,40}$/);
const sid = z.string().regex(/^[A-Z]{2}[0-9a-f]{32}$/);

export const messageStatus = z.object({ MessageSid: sid, MessageStatus: code, ErrorCode: code.optional() });
export const callStatus = z.object({ CallSid: sid, CallStatus: code, AnsweredBy: code.optional(), CallDuration: z.string().regex(/^\d{1,6}$/).optional() });
export const recordingStatus = z.object({ CallSid: sid, RecordingSid: sid.optional(), RecordingStatus: code });

export interface RecordingCallback {
  callSid: string;
  recordingSid: string | null;
  status: 'in-progress' | 'completed' | 'absent' | 'other';
}

/** Null when the form is not a message's status. */
export function parseMessageCallback(form: unknown): MessageStatus | null {
  const parsed = messageStatus.safeParse(form);
  if (!parsed.success) return null;
  const { MessageSid, MessageStatus: status, ErrorCode } = parsed.data;
  const delivered = status === 'delivered' || status === 'read' ? true : status === 'undelivered' || status === 'failed' ? false : null;
  return { sid: MessageSid, status, errorCode: ErrorCode ?? null, rank: messageRanks[status] ?? 0, delivered };
}

/** Null when the form is not a call's status. */
export function parseCallCallback(form: unknown): CallStatus | null {
  const parsed = callStatus.safeParse(form);
  if (!parsed.success) return null;
  const { CallSid, CallStatus: status, AnsweredBy } = parsed.data;
  const rank = callRanks[status] ?? 0;
  return { sid: CallSid, status, rank, answeredBy: AnsweredBy ?? null, ended: rank >= 6 };
}

/** Null when the form is not a recording's status. */
export function parseRecordingCallback(form: unknown): RecordingCallback | null {
  const parsed = recordingStatus.safeParse(form);
  if (!parsed.success) return null;
  const { CallSid, RecordingSid, RecordingStatus } = parsed.data;
  const status = RecordingStatus === 'in-progress' || RecordingStatus === 'completed' || RecordingStatus === 'absent' ? RecordingStatus : 'other';
  return { callSid: CallSid, recordingSid: RecordingSid ?? null, status };
}

/** `unknown` may be a person. */
export function isMachine(answeredBy: string | null): boolean {
  return answeredBy !== null && /^(?:machine|fax)/.test(answeredBy);
}
