import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { endLostCalls } from './call-run.ts';
import { changeEvent, controlRoutes, registerPhone } from './control.ts';
import { openExchange } from './exchange.ts';
import { createFaults } from './faults.ts';
import type { Fault, FaultRequest } from './faults.ts';
import { BadRequest, findRoute, json, readRequest, send } from './http.ts';
import type { ApiRequest, ApiResponse } from './http.ts';
import { receiveText } from './inbound-texts.ts';
import type { Reply } from './inbound-texts.ts';
import { fileJournal, memoryJournal } from './journal.ts';
import type { LiveCall } from './live-calls.ts';
import { createNetwork } from './network.ts';
import type { Network, Settings } from './network.ts';
import { pageFile } from './page-files.ts';
import { restApi } from './rest-api.ts';
import { resumeTexts } from './text-delivery.ts';
import type { Alert, ApiLogEntry, CallBehaviour, CallRecord, MessageRecord, TextBehaviour } from './types.ts';
import { readTranscript } from './wav.ts';

export interface PhoneNetworkOptions {
  /** 0, the default: any free one. */
  port?: number;
  /** 127.0.0.1 unless told. */
  host?: string;
  accountSid: string;
  authToken: string;
  /** Where inbound texts are posted. */
  smsWebhookUrl?: string;
  /** How the product reaches this server (RecordingUrl); its own address unless told. */
  publicUrl?: string;
  /** Keeps what was accepted across restarts. In memory when absent. */
  dataDir?: string;
  /** Delays and pauses are divided by this; 1 unless told. */
  speed?: number;
  /** The hospital's number for a phone that writes first. */
  ownNumber?: string;
  /** The page's "kill the worker" posts to `<controlUrl>/kill/worker`. */
  controlUrl?: string;
  /** The provider's own handling of STOP; `off` unless told. */
  optOut?: 'off' | 'default' | 'advanced';
}

/** One phone, as a test holds it. */
export interface Phone {
  readonly number: string;
  /** A text from this person; resolves when the webhook has answered. */
  reply(text: string, to?: string): Promise<Reply>;
  /** How the next calls are taken, in order; the last stays. */
  onCalls(...behaviours: [CallBehaviour, ...CallBehaviour[]]): void;
  onTexts(behaviour: TextBehaviour): void;
  /** Texts to and from this phone, oldest first. */
  messages(): MessageRecord[];
  calls(): CallRecord[];
}

export interface PhoneNetwork {
  readonly url: string;
  readonly port: number;
  readonly faults: { add(fault: FaultRequest): Fault; list(): readonly Fault[]; clear(id?: number): void };
  phone(number: string): Phone;
  /** A call under way: answer, press, say, hang up. */
  liveCall(sid: string): LiveCall | undefined;
  /** Every API request, whether or not its answer arrived. */
  log(): readonly ApiLogEntry[];
  alerts(): readonly Alert[];
  /** What was said in a recording; undefined once it is deleted. */
  transcript(recordingSid: string): string | undefined;
  /** The first defined answer of `check`, tried now and after each change. Rejects after `limitMs` (10 s unless told). */
  until<T>(check: () => T | undefined, limitMs?: number): Promise<T>;
  /** Where inbound texts go from now on. */
  setSmsWebhook(url: string | undefined): void;
  close(): Promise<void>;
}

/** Starts a phone network that speaks the provider's API. @throws when the port is taken. */
export async function startPhoneNetwork(options: PhoneNetworkOptions): Promise<PhoneNetwork> {
  const speed = options.speed ?? 1;
  if (!(speed > 0)) throw new Error('The speed of the phone network must be above 0.');
  const settings: Settings = {
    accountSid: options.accountSid, authToken: options.authToken, ownNumber: options.ownNumber ?? '+12025550100',
    smsWebhookUrl: options.smsWebhookUrl, publicUrl: options.publicUrl ?? '', controlUrl: options.controlUrl, optOut: options.optOut ?? 'off', speed,
  };
  const exchange = openExchange(options.dataDir === undefined ? memoryJournal() : fileJournal(options.dataDir));
  const faults = createFaults(() => exchange.save({ kind: 'faults' }));
  const { network, close } = createNetwork(settings, exchange, faults, new Map());
  const server = createServer(answerer(network));
  const port = await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  const url = `http://${options.host ?? '127.0.0.1'}:${port}`;
  if (settings.publicUrl === '') settings.publicUrl = url;
  endLostCalls(network);
  resumeTexts(network);
  return {
    url, port, faults,
    phone: (number) => openPhone(network, number),
    liveCall: (sid) => network.liveCalls.get(sid),
    log: () => exchange.requests,
    alerts: () => exchange.alerts,
    transcript(recordingSid) {
      const sound = exchange.journal.readSound(recordingSid);
      return sound === undefined ? undefined : readTranscript(sound);
    },
    until: (check, limitMs = 10_000) => exchange.until(check, AbortSignal.any([network.closing, AbortSignal.timeout(limitMs)])),
    setSmsWebhook(webhook) {
      settings.smsWebhookUrl = webhook;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function openPhone(network: Network, number: string): Phone {
  const { exchange } = network;
  const ofPhone = <T extends { to: string; from: string | null }>(records: Iterable<T>): T[] => [...records].filter((one) => one.to === number || one.from === number);
  exchange.phone(number);
  return {
    number,
    reply: (text, to) => receiveText(network, number, text, to),
    onCalls: (...calls) => void registerPhone(network, { number, calls }),
    onTexts: (text) => void registerPhone(network, { number, text }),
    messages: () => ofPhone(exchange.messages.values()),
    calls: () => ofPhone(exchange.calls.values()),
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function answerer(network: Network): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  const api = restApi(network);
  const control = controlRoutes(network);
  async function answer(incoming: IncomingMessage): Promise<ApiResponse> {
    const request: ApiRequest = await readRequest(incoming);
    if (request.path.startsWith('/2010-04-01/')) return api(request, incoming.headers);
    if (isForeignPage(incoming)) return json({ error: 'The control API is not open to other sites.' }, 403);
    const found = findRoute(control, request);
    return (await found?.handle(request)) ?? (await pageFile(request)) ?? json({ error: 'There is nothing here.' }, 404);
  }
  return (incoming, outgoing) => {
    if (incoming.url === '/sandbox/events') {
      streamChanges(network, outgoing);
      return;
    }
    answer(incoming)
      .catch((cause: unknown) => {
        if (cause instanceof BadRequest) return json({ error: cause.message }, 400);
        return json({ error: network.closing.aborted ? 'The phone network is closing.' : String(cause) }, 500);
      })
      .then((response) => send(outgoing, response))
      .catch(() => outgoing.destroy());
  };
}

/** A page of another site could otherwise drive a sandbox that listens on the own machine. */
function isForeignPage(incoming: IncomingMessage): boolean {
  const { origin, host } = incoming.headers;
  return origin !== undefined && incoming.method !== 'GET' && origin !== `http://${host ?? ''}` && origin !== `https://${host ?? ''}`;
}

function streamChanges(network: Network, outgoing: ServerResponse): void {
  outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  outgoing.write(': open\n\n');
  const unsubscribe = network.exchange.subscribe((change) => {
    if (change.kind !== 'request') outgoing.write(changeEvent(network, change));
  });
  outgoing.on('close', unsubscribe);
}
