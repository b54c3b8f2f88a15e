import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer, maxHeaderSize, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Problem, problemBody } from './problem.ts';

export interface Serving {
  /** The port that was given, or the free one that was found for 0. */
  port: number;
  /** Takes no more connections, closes each that is kept with its next answer, lets requests under way end within the grace, then closes what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Listens; rejects when the port is taken. */
export async function serve(handler: RequestListener | Server, host: string, port: number): Promise<Serving> {
  const server = typeof handler === 'function' ? createServer(handler) : handler;
  // A caller that sends slowly holds a connection, not the process.
  server.requestTimeout = 30_000;
  server.headersTimeout = 15_000;
  // Longer than proxies keep theirs, a minute mostly: one that asks on a connection which is just being closed here answers 502 for us.
  server.keepAliveTimeout = 75_000;
  answerUnreadable(server);
  const closeKept = closesKept(server);
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: (graceMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        closeKept();
        server.closeIdleConnections();
      }),
  };
}

/**
 * Answers with what has every connection closed by the answer that it is given next. A proxy keeps its connections and has always another request for
 * them: the server would never be idle, and whatever was under way at the end of the grace would be cut off.
 */
function closesKept(server: Server): () => void {
  const underWay = new Set<ServerResponse>();
  const close = (response: ServerResponse): void => {
    if (!response.headersSent) response.setHeader('Connection', 'close');
  };
  let isClosing = false;
  // Ahead of the handler, which may answer at once.
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    if (isClosing) close(response);
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
  });
  return () => {
    isClosing = true;
    for (const response of underWay) close(response);
  };
}

/** For so long who is told that a request cannot be read may read that. */
const lingerMs = 1_000;

/** What Node cannot read as a request reaches no route: it is answered here, in the form of every other error. */
function answerUnreadable(server: Server): void {
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => void answers.set(socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const answer = answers.get(socket);
    // In the midst of another answer there is no place for this one.
    const isAnswering = answer !== undefined && answer.headersSent && !answer.writableFinished;
    if (!socket.writable || isAnswering) {
      socket.destroy(error);
      return;
    }
    const problem = unreadableRequest(error.code);
    const { status } = problem;
    const body = JSON.stringify(problemBody(problem, '', null));
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
    // Whoever leaves their half open would hold it for good: Node watches no more over what it has told of.
    const cut = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(cut));
  });
}

function unreadableRequest(code: string | undefined): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers-too-large', `Send fewer headers or shorter ones: at most ${maxHeaderSize} bytes with the address.`);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('too-slow', 'Send the whole request within half a minute.');
    default:
      return new Problem('bad-request', 'Send a request in the form of HTTP/1.1.');
  }
}

/** Resolves at the first SIGTERM or SIGINT. */
export function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
