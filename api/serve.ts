import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Serving {
  /** The port that was given, or the free one that was found for 0. */
  port: number;
  /** Takes no more requests, lets those under way end within the grace, then closes what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Listens; rejects when the port is taken. */
export async function serve(handler: RequestListener | Server, host: string, port: number): Promise<Serving> {
  const server = typeof handler === 'function' ? createServer(handler) : handler;
  // A caller that sends slowly holds a connection, not the process.
  server.requestTimeout = 30_000;
  server.headersTimeout = 15_000;
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
        server.closeIdleConnections();
      }),
  };
}

/** Resolves at the first SIGTERM or SIGINT. */
export function stopAsked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
