/**
 * The control API of the phone network, JSON over HTTP, without authentication (a sandbox listens on the own machine).
 * Numbers stand in paths percent-encoded (`%2B12025550101`) or as they are.
 *
 * GET    /sandbox/health                          { ok: true }
 * GET    /sandbox/state                           everything the page shows: { phones, messages, calls, recordings, alerts, faults, hasControl }
 * GET    /sandbox/events                          server-sent events; each `data:` is one change { kind, record }
 *
 * POST   /sandbox/phones                          { number, label?, text?, calls? } registers or changes a phone -> the phone
 *          text:  'normal' | 'landline' | 'unreachable' | 'unknown' | 'filtered' | 'opted-out'
 *          calls: behaviours, one a call in order, the last stays:
 *                 { kind: 'live' }                                   rings until answered here or on the page
 *                 { kind: 'human', turns: [{ when?, press?, say?, confidence?, silent?, hangUp? }], hangUpAfterPrompts? }
 *                 { kind: 'machine', greeting? } | { kind: 'voicemail', greeting? }
 *                 { kind: 'busy' } | { kind: 'no-answer' } | { kind: 'failed' }
 * GET    /sandbox/phones                          { phones }
 * POST   /sandbox/phones/:number/reply            { text, to? } a text from this person -> { sid, webhookAccepted }, once the webhook has answered
 *
 * GET    /sandbox/messages?to=&from=&body=&status=&direction=   { count, messages }; `body` matches exactly, `contains` in part
 * GET    /sandbox/calls?to=&status=               { count, calls } with transcripts
 * GET    /sandbox/recordings?callSid=             { count, recordings }
 * GET    /sandbox/recordings/:sid/transcript      { transcript } what was said, one line an utterance
 * GET    /sandbox/recordings/:sid.wav            its sound, for the page's player
 * GET    /sandbox/alerts                          { count, alerts } webhook and TwiML errors (11200, 12100, ...)
 * GET    /sandbox/log?to=&body=&kind=&accepted=   { count, entries } every API request, whether or not its answer arrived
 *          `atLeast` and `withinMs` on these lists wait until so many fit; 408 when the time is over.
 *
 * POST   /sandbox/calls/:sid/answer | /hang-up    a live call
 * POST   /sandbox/calls/:sid/press                { keys }
 * POST   /sandbox/calls/:sid/say                  { text }
 *
 * GET    /sandbox/faults                          { faults }
 * POST   /sandbox/faults                          { kind, on?, to?, times?, delayMs?, retryAfterSeconds?, code? } -> the fault with its id
 *          kind: rate-limit | server-error | slow | accept-then-drop | refuse | refuse-with | undeliver-with | duplicate-callbacks | reorder-callbacks | no-callbacks
 *          code: of refuse-with, an error of the API (21614, 21612, 21635, 21408, ...); of undeliver-with, what a carrier tells of a text (30003 to 30008, 21610)
 *          on:   any | create-message | read-messages | change-message | create-call | read-calls | change-call | recordings
 * DELETE /sandbox/faults  and  /sandbox/faults/:id
 * POST   /sandbox/kill/worker                     posts to controlUrl/kill/worker; 404 where none is set
 */
import { z } from 'zod';
import { callBehaviour, phoneNumber, textBehaviour } from './exchange-records.ts';
import type { Change } from './exchange.ts';
import { faultRequest } from './faults.ts';
import { BadRequest, json, parseJson, route } from './http.ts';
import type { ApiRequest, ApiResponse, Route } from './http.ts';
import { receiveText } from './inbound-texts.ts';
import type { LiveCall } from './live-calls.ts';
import type { Network } from './network.ts';
import type { PhoneRecord } from './types.ts';
import { readTranscript } from './wav.ts';

const phoneRequest = z.strictObject({
  number: phoneNumber,
  label: z.string().max(200).optional(),
  text: textBehaviour.optional(),
  calls: z.array(callBehaviour).min(1).optional(),
});
export type PhoneRequest = z.infer<typeof phoneRequest>;

/** Registers a phone, or changes what is named of one that is known. */
export function registerPhone(network: Network, request: PhoneRequest): PhoneRecord {
  const known = network.exchange.phone(request.number);
  const record: PhoneRecord = {
    ...known, label: request.label ?? known.label, text: request.text ?? known.text, calls: request.calls ?? known.calls,
  };
  network.exchange.save({ kind: 'phone', record });
  return record;
}

/** More than a person reads; a benchmark's hundred thousand texts would choke the page. */
const newestShown = 3000;

/** What the page shows on loading; changes follow by events. */
function state(network: Network): Record<string, unknown> {
  const { exchange, faults, settings } = network;
  return {
    phones: [...exchange.phones.values()], messages: [...exchange.messages.values()].slice(-newestShown), calls: [...exchange.calls.values()],
    recordings: [...exchange.recordings.values()], alerts: exchange.alerts, faults: faults.list(), hasControl: settings.controlUrl !== undefined,
  };
}

/** A change as the page gets it. */
export const changeEvent = (network: Network, change: Change): string =>
  `data: ${JSON.stringify(change.kind === 'faults' ? { kind: 'faults', record: network.faults.list() } : change)}\n\n`;

export function controlRoutes(network: Network): Route[] {
  const { exchange, faults } = network;
  const onCall = (request: ApiRequest, act: (call: LiveCall) => void): ApiResponse => {
    const call = network.liveCalls.get(request.params['sid'] ?? '');
    if (call === undefined) return json({ error: 'This call is not under way.' }, 404);
    act(call);
    return json(exchange.calls.get(call.sid));
  };
  return [
    route('GET', '/sandbox/health', () => json({ ok: true })),
    route('GET', '/sandbox/state', () => json(state(network))),
    route('POST', '/sandbox/phones', (request) => json(registerPhone(network, parseJson(phoneRequest, request.body)), 201)),
    route('GET', '/sandbox/phones', () => json({ phones: [...exchange.phones.values()] })),
    route('POST', '/sandbox/phones/:number/reply', async (request) => {
      const { text, to } = parseJson(z.strictObject({ text: z.string().min(1).max(1600), to: phoneNumber.optional() }), request.body);
      return json(await receiveText(network, parseNumber(request), text, to), 201);
    }),
    ...listRoutes(network),
    route('GET', '/sandbox/recordings/:sid.wav', (request) => {
      const sound = exchange.journal.readSound(request.params['sid'] ?? '');
      return sound === undefined ? json({ error: 'There is no such recording.' }, 404) : { status: 200, bytes: sound, headers: { 'content-type': 'audio/wav' } };
    }),
    route('GET', '/sandbox/recordings/:sid/transcript', (request) => {
      const sound = exchange.journal.readSound(request.params['sid'] ?? '');
      return sound === undefined ? json({ error: 'There is no such recording.' }, 404) : json({ transcript: readTranscript(sound) ?? '' });
    }),
    route('POST', '/sandbox/calls/:sid/answer', (request) => onCall(request, (call) => call.answer())),
    route('POST', '/sandbox/calls/:sid/hang-up', (request) => onCall(request, (call) => call.hangUp())),
    route('POST', '/sandbox/calls/:sid/press', (request) => {
      const { keys } = parseJson(z.strictObject({ keys: z.string().regex(/^[0-9*#]{1,40}$/, 'Keys are 0-9, * and #.') }), request.body);
      return onCall(request, (call) => call.press(keys));
    }),
    route('POST', '/sandbox/calls/:sid/say', (request) => {
      const { text } = parseJson(z.strictObject({ text: z.string().min(1).max(2000) }), request.body);
      return onCall(request, (call) => call.say(text));
    }),
    route('GET', '/sandbox/faults', () => json({ faults: faults.list() })),
    route('POST', '/sandbox/faults', (request) => json(faults.add(parseJson(faultRequest, request.body)), 201)),
    route('DELETE', '/sandbox/faults', () => {
      faults.clear();
      return { status: 204 };
    }),
    route('DELETE', '/sandbox/faults/:id', (request) => {
      faults.clear(Number(request.params['id']));
      return { status: 204 };
    }),
    route('POST', '/sandbox/kill/worker', () => killWorker(network)),
  ];
}

function parseNumber(request: ApiRequest): string {
  const parsed = phoneNumber.safeParse(request.params['number']);
  if (!parsed.success) throw new BadRequest('The path must name a phone number in E.164, such as %2B12025550101.');
  return parsed.data;
}

async function killWorker(network: Network): Promise<ApiResponse> {
  const { controlUrl } = network.settings;
  if (controlUrl === undefined) return json({ error: 'No controlUrl is set.' }, 404);
  const answer = await fetch(`${controlUrl}/kill/worker`, { method: 'POST', signal: AbortSignal.any([network.closing, AbortSignal.timeout(10_000)]) }).catch(() => undefined);
  return answer?.ok === true ? json({ ok: true }) : json({ error: 'The control address did not take the order.' }, 502);
}

/** A list that can be filtered by fields of its records, and waited for. */
function listRoutes(network: Network): Route[] {
  const { exchange } = network;
  const list = <T extends object>(path: string, name: string, fields: readonly (keyof T & string)[], records: () => Iterable<T>): Route =>
    route('GET', path, async (request) => {
      const { query } = request;
      const contains = query.get('contains');
      const fits = (record: T): boolean =>
        fields.every((field) => query.get(field) === null || String(record[field]) === query.get(field)) &&
        (contains === null || ('body' in record && String(record.body).includes(contains)));
      const find = (): T[] => [...records()].filter(fits);
      const atLeast = Number(query.get('atLeast') ?? 0);
      const limit = AbortSignal.any([network.closing, AbortSignal.timeout(Math.min(120_000, Number(query.get('withinMs') ?? 10_000) || 0))]);
      try {
        const found = await exchange.until(() => (find().length >= atLeast ? find() : undefined), limit);
        return json({ count: found.length, [name]: found });
      } catch {
        return json({ error: `Fewer than ${atLeast} came in time.`, count: find().length, [name]: find() }, 408);
      }
    });
  return [
    list('/sandbox/messages', 'messages', ['sid', 'to', 'from', 'body', 'status', 'direction'], () => exchange.messages.values()),
    list('/sandbox/calls', 'calls', ['sid', 'to', 'from', 'status'], () => exchange.calls.values()),
    list('/sandbox/recordings', 'recordings', ['sid', 'callSid', 'status'], () => exchange.recordings.values()),
    list('/sandbox/alerts', 'alerts', ['code', 'sid'], () => exchange.alerts),
    list('/sandbox/log', 'entries', ['to', 'from', 'body', 'kind', 'method', 'accepted', 'answer', 'status', 'sid'], () => exchange.requests),
  ];
}
