import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestKind } from './faults.ts';
import { findRoute } from './http.ts';
import type { ApiRequest, ApiResponse, Route } from './http.ts';
import type { Network } from './network.ts';
import { isProviderErrorCode, notFound, ProviderError } from './provider-error.ts';
import { callRoutes } from './rest-calls.ts';
import { messageRoutes } from './rest-messages.ts';
import { recordingRoutes } from './rest-recordings.ts';

/** The provider's REST API: authentication, armed faults, the resource, and a line in the log of what was accepted. */
export function restApi(network: Network): (request: ApiRequest, headers: IncomingHttpHeaders) => Promise<ApiResponse> {
  const routes = [...messageRoutes(network), ...recordingRoutes(network), ...callRoutes(network)];
  return async (request, headers) => {
    if (!isAuthorised(network, headers.authorization)) return new ProviderError(20003).response({ 'www-authenticate': 'Basic realm="Twilio API"' });
    const kind = kindOf(request);
    const to = recipient(network, request);
    const fault = await strike(network, kind, to);
    const response = fault ?? (await answer(routes, request));
    const accepted = response.status < 300;
    const isCreate = kind === 'create-message' || kind === 'create-call';
    const drop = fault === undefined && accepted && isCreate && network.faults.take('accept-then-drop', kind, to) !== undefined;
    note(network, request, kind, to, response, drop);
    return drop ? { ...response, drop } : response;
  };
}

function isAuthorised(network: Network, header: string | undefined): boolean {
  const expected = Buffer.from(`Basic ${Buffer.from(`${network.settings.accountSid}:${network.settings.authToken}`).toString('base64')}`);
  const given = Buffer.from(header ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function kindOf(request: ApiRequest): RequestKind {
  if (request.path.includes('/Recordings')) return 'recordings';
  const isList = /\/(Messages|Calls)\.json$/.test(request.path);
  const isMessage = request.path.includes('/Messages');
  if (request.method === 'GET') return isMessage ? 'read-messages' : 'read-calls';
  if (request.method === 'POST' && isList) return isMessage ? 'create-message' : 'create-call';
  return isMessage ? 'change-message' : 'change-call';
}

/** Whom a request concerns: the form's or query's To, or that of the message or call that the path names. */
function recipient(network: Network, request: ApiRequest): string | null {
  const named = request.form.get('To') ?? request.query.get('To');
  if (named !== null) return named;
  const sid = /\/((?:SM|CA|RE)[0-9a-f]{32})/i.exec(request.path)?.[1] ?? '';
  const { messages, calls, recordings } = network.exchange;
  return (messages.get(sid) ?? calls.get(sid) ?? calls.get(recordings.get(sid)?.callSid ?? ''))?.to ?? null;
}

async function strike(network: Network, kind: RequestKind, to: string | null): Promise<ApiResponse | undefined> {
  const slow = network.faults.take('slow', kind, to);
  // In real time: what is tested is the client's own patience.
  if (slow !== undefined) await network.pause(slow.delayMs * network.settings.speed);
  if (network.faults.take('refuse', kind, to) !== undefined) return { status: 503, drop: true };
  const limited = network.faults.take('rate-limit', kind, to);
  if (limited !== undefined) return new ProviderError(20429).response({ 'retry-after': String(limited.retryAfterSeconds) });
  const refusal = network.faults.take('refuse-with', kind, to)?.code;
  if (isProviderErrorCode(refusal)) return new ProviderError(refusal).response();
  return network.faults.take('server-error', kind, to) === undefined ? undefined : new ProviderError(20500).response();
}

async function answer(routes: Route[], request: ApiRequest): Promise<ApiResponse> {
  try {
    const found = findRoute(routes, request);
    if (found === undefined) throw notFound(request.path);
    return await found.handle(request);
  } catch (cause) {
    if (cause instanceof ProviderError) return cause.response();
    throw cause;
  }
}

function note(network: Network, request: ApiRequest, kind: RequestKind, to: string | null, response: ApiResponse, dropped: boolean): void {
  const body: unknown = response.json;
  const sid = typeof body === 'object' && body !== null && 'sid' in body && typeof body.sid === 'string' ? body.sid : null;
  network.exchange.save({
    kind: 'request',
    record: {
      at: Date.now(), method: request.method, path: request.path, kind, to, from: request.form.get('From'), body: request.form.get('Body'), sid,
      status: response.status, accepted: response.status < 300, answer: dropped || response.drop === true ? 'dropped' : 'sent',
    },
  });
}
