import { createHmac } from 'node:crypto';
import type { Channel } from '../../domain/codes.ts';
import { emergencyNumberIn } from '../../domain/contact/emergency-numbers.ts';
import { renderMessage } from '../../domain/contact/message.ts';
import type { MessageTemplates } from '../../domain/contact/message.ts';
import type { MessageVariables } from '../../domain/contact/variables.ts';
import { knownSids } from '../../store/attempts.ts';
import { messageIdFor } from '../../providers/mail/message-id.ts';
import { unsubscribeToken } from '../../store/unsubscribe-token.ts';
import type { ActivityDeps } from '../deps.ts';
import type { ContactView } from './make-contact.ts';
import { TranslationMissing } from './sender.ts';
import type { Sender } from './sender.ts';

/** The newest sealed value of a field in this contact's grant, as text; null when the patient has none. */
export async function openField(deps: ActivityDeps, view: ContactView, field: string, rowId?: string): Promise<string | null> {
  const value = view.values.find((candidate) => candidate.field === field && (rowId === undefined || candidate.rowId === rowId));
  return value === undefined ? null : deps.vault.openText(value.sealed, value);
}

/** The number or mailbox that the gate chose for this contact. */
export async function addressOf(deps: ActivityDeps, view: ContactView): Promise<string> {
  const address = view.detail.addressRowId === null ? null : await openField(deps, view, 'address.value', view.detail.addressRowId);
  if (address === null) throw new Error(`The grant of attempt ${view.detail.attemptId} names no address.`);
  return address;
}

/** What every message may say of the hospital, the emergency number where the patient is, and the patient's name where the grant gives it. */
export async function variablesFor(deps: ActivityDeps, view: ContactView): Promise<MessageVariables> {
  const { hospitalName: hospital, readHours } = deps.settings;
  const emergencyNumber = emergencyNumberIn(view.detail.zone, deps.settings.emergencyNumber);
  const name = await openField(deps, view, 'patient.name');
  return { hospital, emergencyNumber, readHours, ...(name === null ? {} : { name }) };
}

/** Renders an approved text, or says that there is none in this language. */
export function approvedText(from: Readonly<Record<string, MessageTemplates>>, wanted: { id: string; channel: Channel }, view: ContactView, variables: MessageVariables): { text: string; subject: string } {
  const rendered = renderMessage(from, { ...wanted, language: view.language }, variables);
  if ('missing' in rendered) throw new TranslationMissing(wanted.id, view.language);
  return { text: rendered.text, subject: rendered.subject ?? '' };
}

/** An SMS, with the look-up by recipient and text that an unclear outcome needs. */
export function smsSender(deps: ActivityDeps, attemptId: string, to: string, body: string, validitySeconds: number): Sender {
  return {
    digest: digestOf(deps, body),
    send: () => deps.sms.send({ to, body, attemptId, validitySeconds }),
    async find(sentAfter, earlierDigest) {
      const wanted = [digestOf(deps, body), ...(earlierDigest === null ? [] : [earlierDigest])];
      const same = (await deps.sms.find({ to, sentAfter })).filter((message) => wanted.some((digest) => Buffer.compare(digest, digestOf(deps, message.body)) === 0));
      const taken = await knownSids(deps.sql, same.map((message) => message.sid));
      const ours = same.find((message) => (taken.get(message.sid) ?? attemptId) === attemptId);
      return ours === undefined ? { kind: 'absent' } : { kind: 'found', sid: ours.sid };
    },
  };
}

/** A mail. SMTP has no log to look into, so an unclear outcome goes to staff. */
export function mailSender(deps: ActivityDeps, attemptId: string, to: string, mail: { subject: string; text: string }): Sender {
  const unsubscribeUrl = `${deps.settings.publicUrl}/u/${unsubscribeToken(deps.settings.unsubscribeKey, attemptId)}`;
  return {
    digest: digestOf(deps, `${mail.subject}\n${mail.text}`),
    async send() {
      const result = await deps.mail.send({ to, ...mail, messageId: messageIdFor(attemptId, deps.settings.mailDomain), unsubscribeUrl });
      // Kept without its brackets: the ledger and the attempt take codes only.
      return result.kind === 'accepted' ? { ...result, sid: result.sid.replace(/^<|>$/g, '') } : result;
    },
    find: () => Promise.resolve({ kind: 'cannot-tell' }),
  };
}

/** A call; its words come by webhook, so the look-up compares number and time alone. */
export function callSender(deps: ActivityDeps, attemptId: string, to: string, callId: string): Sender {
  return {
    digest: digestOf(deps, callId),
    send: () => deps.voice.place({ to, callId, attemptId, record: false }),
    async find(sentAfter) {
      const calls = await deps.voice.find({ to, sentAfter });
      const taken = await knownSids(deps.sql, calls.map((call) => call.sid));
      const ours = calls.find((call) => (taken.get(call.sid) ?? attemptId) === attemptId);
      return ours === undefined ? { kind: 'absent' } : { kind: 'found', sid: ours.sid };
    },
  };
}

function digestOf(deps: ActivityDeps, text: string): Uint8Array {
  return createHmac('sha256', deps.settings.unsubscribeKey).update(text).digest();
}
