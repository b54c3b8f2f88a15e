import { once } from 'node:events';
import http2 from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import proto from '@temporalio/proto';
import Long from 'long';

const { PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest } = proto.temporal.api.workflowservice.v1;

type Completed = proto.temporal.api.workflowservice.v1.RespondWorkflowTaskCompletedRequest;

/** What a thread awaits next. `poke`: that alone; `end`: nothing, or a fresh run. */
export type Awaited = 'activity' | 'child' | 'timer' | 'poke' | 'end';

/** A workflow task's answer on its way to the server: with it the thread has reached its next await. */
export interface TaskMoment {
  workflowId: string;
  /** `untold`: the server has not heard of it; `told`: it has, and its answer to the worker is on the way. */
  at: 'untold' | 'told';
  awaits: Awaited;
}

/** What lies between worker and server: nothing of a moment passes before `onMoment` has settled. */
export interface Wire {
  address: string;
  close(): Promise<void>;
}

interface Answer {
  headers: IncomingHttpHeaders;
  body: Buffer;
  trailers: IncomingHttpHeaders;
}

export interface WireOptions {
  onMoment: (moment: TaskMoment) => Promise<void>;
  /** Whether time-outs are short: a server learns of a death by them alone, and a minute each would be long for so many deaths. */
  isHurried: () => boolean;
}

/** What is left of a time-out that is hurried: longer than lives that are to die together wait for the last of them. */
export const hurriedMs = 15_000;
const timeout = { seconds: Long.fromNumber(hurriedMs / 1000) };

/** gRPC is HTTP/2 with one framed message each way: it can be carried, and held, without knowing more than its path. */
export async function openWire(server: string, { onMoment, isHurried }: WireOptions): Promise<Wire> {
  let upstream: ClientHttp2Session | undefined;
  /** A server that has had a connection for long asks for a new one. */
  const connected = (): ClientHttp2Session => {
    if (upstream !== undefined && !upstream.closed && !upstream.destroyed) return upstream;
    upstream = http2.connect(`http://${server}`);
    // A stream that fails says so itself.
    return upstream.on('error', () => undefined);
  };
  const workflowIds = new Map<string, string>();
  const sessions = new Set<ServerHttp2Session>();

  const carry = async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> => {
    const path = headers[':path'] ?? '';
    const body = await bytesOf(stream);
    if (path.endsWith('/RespondWorkflowTaskCompleted')) {
      const request = RespondWorkflowTaskCompletedRequest.decode(messageIn(body));
      if (isHurried()) hurry(request);
      const moment = { workflowId: workflowIds.get(tokenOf(request)) ?? '', awaits: awaitedIn(request) };
      await onMoment({ ...moment, at: 'untold' });
      if (stream.destroyed) return;
      const answer = await ask(connected(), stream, headers, frameOf(RespondWorkflowTaskCompletedRequest.encode(request).finish()));
      await onMoment({ ...moment, at: 'told' });
      give(stream, answer);
      return;
    }
    const answer = await ask(connected(), stream, headers, body);
    if (path.endsWith('/PollWorkflowTaskQueue') && answer.body.length > 0) {
      const task = PollWorkflowTaskQueueResponse.decode(messageIn(answer.body));
      workflowIds.set(tokenOf(task), task.workflowExecution?.workflowId ?? '');
    }
    give(stream, answer);
  };
  const proxy = http2.createServer();
  proxy.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined).on('close', () => sessions.delete(session));
  });
  proxy.on('stream', (stream, headers) => {
    // Of a worker that was killed: what it asked or was to hear is nobody's any more.
    stream.on('error', () => undefined);
    carry(stream, headers).catch(() => stream.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    address: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: async () => {
      for (const session of sessions) session.destroy();
      upstream?.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

/** Asks the server; when the worker dies meanwhile its question is withdrawn. */
function ask(upstream: ClientHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // It may be framed anew, uncompressed and of another length.
    const request = upstream.request({ ...headers, 'content-length': undefined });
    const withdraw = (): void => request.close(http2.constants.NGHTTP2_CANCEL);
    stream.once('close', withdraw);
    let answered: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    request.once('response', (found: IncomingHttpHeaders) => {
      answered = found;
    });
    request.once('trailers', (found: IncomingHttpHeaders) => {
      trailers = found;
    });
    request.once('error', reject);
    request.end(body);
    bytesOf(request).then((bytes) => resolve({ headers: answered, body: bytes, trailers }), reject);
  });
}

function give(stream: ServerHttp2Stream, { headers, body, trailers }: Answer): void {
  if (stream.destroyed) return;
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.respond(headers, { waitForTrailers: true });
  stream.end(body);
}

function awaitedIn({ commands }: Completed): Awaited {
  const has = (attributes: keyof (typeof commands)[number]): boolean => commands.some((command) => command[attributes] != null);
  if (has('scheduleActivityTaskCommandAttributes')) return 'activity';
  if (has('startChildWorkflowExecutionCommandAttributes')) return 'child';
  if (has('startTimerCommandAttributes')) return 'timer';
  return has('completeWorkflowExecutionCommandAttributes') || has('continueAsNewWorkflowExecutionCommandAttributes') ? 'end' : 'poke';
}

function hurry({ commands }: Completed): void {
  for (const { scheduleActivityTaskCommandAttributes: activity, startChildWorkflowExecutionCommandAttributes: child } of commands) {
    if (activity != null) activity.startToCloseTimeout = timeout;
    if (child != null) child.workflowTaskTimeout = timeout;
  }
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The message behind gRPC's five bytes, of which the first says whether it is compressed and the others how long it is. */
function messageIn(frame: Buffer): Buffer {
  const message = frame.subarray(5);
  return frame[0] === 1 ? gunzipSync(message) : message;
}

function frameOf(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function tokenOf({ taskToken }: { taskToken?: Uint8Array | null }): string {
  return Buffer.from(taskToken ?? []).toString('base64');
}
