import { optOutKey } from './exchange.ts';
import { openCallbacks } from './callbacks.ts';
import type { CallbackThread } from './callbacks.ts';
import type { Network } from './network.ts';
import { carrierErrors, ProviderError } from './provider-error.ts';
import { countSegments, newSid } from './provider-format.ts';
import { finalMessageStatuses } from './types.ts';
import type { MessageRecord, MessageStatus } from './types.ts';

export interface NewText {
  from: string;
  to: string;
  body: string;
  statusCallback: string | null;
  messagingServiceSid?: string | null;
  sendAt?: number | null;
}

/** Opted out as a number, or by the provider's own block of the pair. */
const isBlocked = (network: Network, from: string | null, to: string): boolean =>
  network.exchange.phone(to).text === 'opted-out' || (from !== null && network.exchange.optOuts.get(optOutKey(from, to))?.out === true);

/**
 * Accepts a text and sees to its delivery.
 * @throws {ProviderError} 21610 when the recipient is opted out; a messaging service accepts even that, and it fails after.
 */
export function acceptText(network: Network, direction: 'outbound-api' | 'outbound-reply', text: NewText): MessageRecord {
  const service = text.messagingServiceSid ?? null;
  if (isBlocked(network, text.from, text.to) && service === null) throw new ProviderError(21610);
  const now = Date.now();
  const sendAt = text.sendAt ?? null;
  const record: MessageRecord = {
    sid: newSid('SM'), direction, from: text.from, to: text.to, body: text.body, segments: countSegments(text.body),
    status: sendAt === null ? (service === null ? 'queued' : 'accepted') : 'scheduled',
    errorCode: null, errorMessage: null, messagingServiceSid: service, statusCallback: text.statusCallback,
    createdAt: now, updatedAt: now, sentAt: null, sendAt, redacted: false, deleted: false,
  };
  network.exchange.save({ kind: 'message', record });
  network.run(() => deliver(network, record.sid));
  return record;
}

/** Takes up the texts that were under way when the network was last stopped. */
export function resumeTexts(network: Network): void {
  for (const message of network.exchange.messages.values()) {
    if (!finalMessageStatuses.includes(message.status)) network.run(() => deliver(network, message.sid));
  }
}

const outcomes = { normal: null, 'opted-out': null, landline: 30006, unreachable: 30003, unknown: 30005, filtered: 30007 } as const;

async function deliver(network: Network, sid: string): Promise<void> {
  const first = network.exchange.messages.get(sid);
  if (first === undefined) return;
  if (first.sendAt !== null && first.status === 'scheduled') await waitUntil(network, first.sendAt);
  if (network.exchange.messages.get(sid)?.status === 'canceled') return;
  const callbacks = openCallbacks(network, first.statusCallback, 'create-message', first.to, sid);
  const errorCode = network.faults.take('undeliver-with', 'create-message', first.to)?.code ?? outcomes[network.exchange.phone(first.to).text];
  await network.pause(100);
  if (isBlocked(network, first.from, first.to)) {
    move(network, sid, 'failed', 21610, callbacks);
  } else if (errorCode === 30007) {
    // A filter refuses before the carrier sees the text.
    move(network, sid, 'undelivered', errorCode, callbacks);
  } else {
    move(network, sid, 'sending', null, null);
    await network.pause(100);
    move(network, sid, 'sent', null, callbacks);
    await network.pause(300);
    move(network, sid, errorCode === null ? 'delivered' : 'undelivered', errorCode, callbacks);
  }
  callbacks.end();
}

/** Scheduled texts go at their instant whatever the speed: the product chose it by its own clock. */
async function waitUntil(network: Network, instant: number): Promise<void> {
  const longestTimerMs = 2 ** 31 - 1;
  for (let left = instant - Date.now(); left > 0; left = instant - Date.now()) await network.pause(Math.min(left, longestTimerMs) * network.settings.speed);
}

function move(network: Network, sid: string, status: MessageStatus, errorCode: number | null, callbacks: CallbackThread | null): void {
  const before = network.exchange.messages.get(sid);
  if (before === undefined) return;
  const now = Date.now();
  const errorMessage = errorCode === null ? null : (carrierErrors[errorCode] ?? null);
  const record = { ...before, status, errorCode, errorMessage, updatedAt: now, sentAt: before.sentAt ?? (status === 'sent' ? now : null) };
  network.exchange.save({ kind: 'message', record });
  callbacks?.post(statusForm(network, record));
}

function statusForm(network: Network, message: MessageRecord): Record<string, string> {
  return {
    MessageSid: message.sid,
    SmsSid: message.sid,
    MessageStatus: message.status,
    SmsStatus: message.status,
    To: message.to,
    From: message.from ?? '',
    AccountSid: network.settings.accountSid,
    ApiVersion: '2010-04-01',
    ...(message.messagingServiceSid === null ? {} : { MessagingServiceSid: message.messagingServiceSid }),
    ...(message.errorCode === null ? {} : { ErrorCode: String(message.errorCode), ErrorMessage: message.errorMessage ?? '' }),
    ...(message.status === 'sent' || message.errorCode !== null ? {} : { RawDlrDoneDate: rawDate(message.updatedAt) }),
  };
}

/** YYMMDDhhmm, as carriers write the receipt's date. */
const rawDate = (instant: number): string => new Date(instant).toISOString().replace(/\D/g, '').slice(2, 12);
