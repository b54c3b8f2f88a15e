import { placeCall } from './call-run.ts';
import type { CallEvent, NewCall } from './call-run.ts';
import { json, route } from './http.ts';
import type { ApiRequest, Route } from './http.ts';
import type { Document, RecordingCallback } from './live-calls.ts';
import type { Network } from './network.ts';
import { dateFilter, newestFirst, page } from './paging.ts';
import { notFound, ProviderError } from './provider-error.ts';
import { isPhoneNumber } from './provider-format.ts';
import { callJson } from './resource-json.ts';
import { finalCallStatuses } from './types.ts';
import type { CallRecord } from './types.ts';

/** The provider's Calls resource: place, list, fetch, change (end or redirect), delete. */
export function callRoutes(network: Network): Route[] {
  const { accountSid } = network.settings;
  const show = (call: CallRecord): Record<string, unknown> => callJson(accountSid, call);
  const find = (request: ApiRequest): CallRecord => {
    const call = network.exchange.calls.get(request.params['sid'] ?? '');
    if (call === undefined || call.deleted) throw notFound(request.path);
    return call;
  };
  const root = `/2010-04-01/Accounts/${accountSid}/Calls`;
  return [
    route('POST', `${root}.json`, (request) => json(show(placeCall(network, readNewCall(request.form))), 201)),
    route('GET', `${root}.json`, (request) => json(page(request, 'calls', listCalls(network, request.query), show))),
    route('GET', `${root}/:sid.json`, (request) => json(show(find(request)))),
    route('POST', `${root}/:sid.json`, (request) => {
      change(network, find(request), request.form);
      return json(show(find(request)));
    }),
    route('DELETE', `${root}/:sid.json`, (request) => {
      const call = find(request);
      if (!finalCallStatuses.includes(call.status)) throw new ProviderError(20009);
      network.exchange.save({ kind: 'call', record: { ...call, deleted: true } });
      return { status: 204 };
    }),
  ];
}

function listCalls(network: Network, query: URLSearchParams): CallRecord[] {
  const hasStarted = dateFilter(query, 'StartTime');
  const hasEnded = dateFilter(query, 'EndTime');
  const is = (name: string, value: string): boolean => query.get(name) === null || query.get(name) === value;
  return newestFirst(network.exchange.calls.values()).filter(
    (call) =>
      !call.deleted && is('To', call.to) && is('From', call.from) && is('Status', call.status) && query.get('ParentCallSid') === null &&
      hasStarted(call.startedAt ?? call.createdAt) && hasEnded(call.endedAt),
  );
}

const isEvent = (text: string): text is CallEvent => ['initiated', 'ringing', 'answered', 'completed'].includes(text);

/** A list parameter: repeated, or in one value divided by blanks. */
const listOf = (form: URLSearchParams, name: string, otherwise: string): string[] => {
  const values = form.getAll(name).flatMap((value) => value.split(/[\s,]+/)).filter((value) => value !== '');
  return values.length === 0 ? [otherwise] : values;
};

function readDocument(form: URLSearchParams): Document | undefined {
  const url = form.get('Url');
  const twiml = form.get('Twiml');
  if (url === null) return twiml === null ? undefined : { twiml };
  if (!URL.canParse(url)) throw new ProviderError(21205, `Url is not a valid URL: ${url}`);
  return { url, method: form.get('Method') ?? 'POST' };
}

export function readRecordingCallback(form: URLSearchParams): RecordingCallback {
  return {
    url: form.get('RecordingStatusCallback'),
    method: form.get('RecordingStatusCallbackMethod') ?? 'POST',
    events: listOf(form, 'RecordingStatusCallbackEvent', 'completed'),
  };
}

function readNewCall(form: URLSearchParams): NewCall {
  const to = form.get('To') ?? '';
  const from = form.get('From') ?? '';
  if (to === '') throw new ProviderError(21201);
  if (from === '') throw new ProviderError(21213);
  if (!isPhoneNumber(to)) throw new ProviderError(21211, `Invalid 'To' Phone Number: ${to}`);
  if (!isPhoneNumber(from)) throw new ProviderError(21212, `Invalid 'From' Number: ${from}`);
  const document = readDocument(form);
  if (document === undefined) throw new ProviderError(21205);
  const events = listOf(form, 'StatusCallbackEvent', 'completed');
  if (!events.every(isEvent)) throw new ProviderError(21626);
  const statusCallback = form.get('StatusCallback');
  if (statusCallback !== null && !URL.canParse(statusCallback)) throw new ProviderError(21609);
  const fallback = form.get('FallbackUrl');
  const detection = form.get('MachineDetection');
  return {
    from, to, document, statusCallback,
    fallback: fallback === null ? undefined : { url: fallback, method: form.get('FallbackMethod') ?? 'POST' },
    statusCallbackMethod: form.get('StatusCallbackMethod') ?? 'POST',
    statusCallbackEvents: events,
    timeoutSeconds: Math.min(600, Math.max(1, Number(form.get('Timeout') ?? 60) || 60)),
    machineDetection: detection === 'Enable' || detection === 'DetectMessageEnd' ? detection : 'off',
    asyncDetection:
      form.get('AsyncAmd') === 'true' ? { url: form.get('AsyncAmdStatusCallback'), method: form.get('AsyncAmdStatusCallbackMethod') ?? 'POST' } : undefined,
    recording: form.get('Record') === 'true' ? readRecordingCallback(form) : undefined,
  };
}

function change(network: Network, call: CallRecord, form: URLSearchParams): void {
  const live = network.liveCalls.get(call.sid);
  const status = form.get('Status');
  if (live === undefined || finalCallStatuses.includes(call.status)) throw new ProviderError(21220);
  if (status === 'completed' || status === 'canceled') {
    if (status === 'canceled' && call.status === 'in-progress') throw new ProviderError(21220, 'Call is in-progress. Cannot cancel; post Status=completed.');
    live.end();
    return;
  }
  const document = readDocument(form);
  if (status !== null || document === undefined) throw new ProviderError(20001, 'Post Status=completed, Status=canceled, Url or Twiml.');
  live.redirect(document);
}
