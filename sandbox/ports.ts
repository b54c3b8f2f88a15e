import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const attempts = 200;

/** Whether a server could listen on this port of 127.0.0.1 now. */
async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/**
 * A free port below those that systems give to outgoing connections (32768 and up on Linux): one of those may be taken by any
 * program's connection in the moment before the server listens. By lot, so that two worlds that start at once do not meet.
 */
async function anyPort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
  throw new Error('No free port from 20000 to 32000. Close programs that listen there.');
}

/**
 * The preferred port where it is free, else the next free one above it; without a preference any free port.
 * Between this answer and the server's own `listen` another program may take it, so servers retry.
 */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred === undefined || preferred === 0) return anyPort();
  for (let port = preferred; port < preferred + attempts && port <= 65_535; port += 1) {
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port from ${preferred} on. Close a program that listens there, or name another port.`);
}
