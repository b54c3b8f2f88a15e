import { optOutKey } from './exchange.ts';
import type { Network } from './network.ts';
import { ProviderError } from './provider-error.ts';
import { countryOf, countSegments, newSid } from './provider-format.ts';
import { acceptText } from './text-delivery.ts';
import type { MessageRecord } from './types.ts';
import { callWebhook } from './webhook.ts';
import type { WebhookAnswer } from './webhook.ts';
import { childElements, parseXml, rawTextOf, XmlError } from './xml.ts';

export interface Reply {
  sid: string;
  /** False when the webhook failed; the alerts say why. */
  webhookAccepted: boolean;
}

/** A person's text to the hospital: kept, posted to the webhook, and the TwiML answer sent back. Resolves when the webhook has answered. */
export async function receiveText(network: Network, from: string, body: string, to = hospitalNumber(network, from)): Promise<Reply> {
  const now = Date.now();
  network.exchange.phone(from);
  const record: MessageRecord = {
    sid: newSid('SM'), direction: 'inbound', from, to, body, segments: countSegments(body), status: 'received',
    errorCode: null, errorMessage: null, messagingServiceSid: null, statusCallback: null,
    createdAt: now, updatedAt: now, sentAt: now, sendAt: null, redacted: false, deleted: false,
  };
  network.exchange.save({ kind: 'message', record });
  const optOutType = network.settings.optOut === 'off' ? undefined : applyOptOut(network, record);
  const url = network.settings.smsWebhookUrl;
  if (url === undefined) return { sid: record.sid, webhookAccepted: false };
  const form = inboundForm(network, record, network.settings.optOut === 'advanced' ? optOutType : undefined);
  const answer = await callWebhook(network, url, form, record.sid);
  if (answer.ok) obeyAnswer(network, record, answer, url);
  return { sid: record.sid, webhookAccepted: answer.ok };
}

/** The number that last wrote to or called this phone, else the hospital's own. */
function hospitalNumber(network: Network, phone: string): string {
  let latest: { at: number; from: string } = { at: 0, from: network.settings.ownNumber };
  for (const records of [network.exchange.messages, network.exchange.calls]) {
    for (const one of records.values()) {
      if (one.to === phone && one.from !== null && one.createdAt >= latest.at) latest = { at: one.createdAt, from: one.from };
    }
  }
  return latest.from;
}

function inboundForm(network: Network, message: MessageRecord, optOutType: string | undefined): Record<string, string> {
  const from = message.from ?? '';
  return {
    ToCountry: countryOf(message.to), ToState: '', ToCity: '', ToZip: '',
    FromCountry: countryOf(from), FromState: '', FromCity: '', FromZip: '',
    SmsMessageSid: message.sid, MessageSid: message.sid, SmsSid: message.sid,
    AccountSid: network.settings.accountSid, ApiVersion: '2010-04-01', SmsStatus: 'received',
    From: from, To: message.to, Body: message.body, NumMedia: '0', NumSegments: String(message.segments),
    ...(optOutType === undefined ? {} : { OptOutType: optOutType }),
  };
}

const stopWords = ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'];
const startWords = ['START', 'YES', 'UNSTOP'];
const helpWords = ['HELP', 'INFO'];

/** The provider's own keyword handling: the whole message, any case. */
function applyOptOut(network: Network, message: MessageRecord): string | undefined {
  const word = message.body.trim().toUpperCase();
  const pair = { from: message.to, to: message.from ?? '' };
  const answer = (body: string): void => void acceptText(network, 'outbound-reply', { ...pair, body, statusCallback: null });
  if (stopWords.includes(word)) {
    const wasOut = network.exchange.optOuts.get(optOutKey(pair.from, pair.to))?.out === true;
    if (!wasOut) answer('You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.');
    network.exchange.save({ kind: 'opt-out', record: { ...pair, out: true } });
    return 'STOP';
  }
  if (startWords.includes(word)) {
    network.exchange.save({ kind: 'opt-out', record: { ...pair, out: false } });
    answer('You have successfully been re-subscribed to messages from this number. Reply STOP to unsubscribe.');
    return 'START';
  }
  if (!helpWords.includes(word)) return undefined;
  answer('Reply STOP to unsubscribe. Msg&Data Rates May Apply.');
  return 'HELP';
}

function obeyAnswer(network: Network, inbound: MessageRecord, answer: WebhookAnswer & { ok: true }, url: string): void {
  if (answer.body.trim() === '') return;
  try {
    const texts = /^text\/plain/i.test(answer.contentType) ? [{ body: answer.body, statusCallback: null, to: null }] : readTexts(network, inbound, answer, url);
    for (const text of texts) {
      const to = text.to ?? inbound.from ?? '';
      acceptText(network, 'outbound-reply', { from: inbound.to, to, body: text.body, statusCallback: text.statusCallback });
    }
  } catch (cause) {
    if (cause instanceof XmlError) network.alert(12100, `The TwiML cannot be read: ${cause.message}`, url, inbound.sid);
    else if (cause instanceof ProviderError) network.alert(cause.code, cause.message, url, inbound.sid);
    else throw cause;
  }
}

interface ReplyText {
  body: string;
  statusCallback: string | null;
  to: string | null;
}

function readTexts(network: Network, inbound: MessageRecord, answer: WebhookAnswer & { ok: true }, url: string): ReplyText[] {
  if (!/xml/i.test(answer.contentType)) {
    network.alert(12300, `The answer's Content-Type is "${answer.contentType}"; TwiML must be text/xml or application/xml.`, url, inbound.sid);
    return [];
  }
  const root = parseXml(answer.body);
  if (root.name !== 'Response') throw new XmlError('The document element must be Response.');
  const texts: ReplyText[] = [];
  for (const verb of childElements(root)) {
    if (verb.name !== 'Message' && verb.name !== 'Sms') {
      network.alert(12200, `The verb ${verb.name} is not known in an answer to a text.`, url, inbound.sid);
      continue;
    }
    const nested = childElements(verb).find((child) => child.name === 'Body');
    const callback = verb.attributes['statusCallback'];
    const statusCallback = callback === undefined ? null : new URL(callback, url).href;
    texts.push({ body: rawTextOf(nested ?? verb), statusCallback, to: verb.attributes['to'] ?? null });
  }
  return texts;
}
