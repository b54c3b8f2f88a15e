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

/**
 * A port for each server, before any of them listens: none is given twice. The preferred one, or the next free one above it, which is
 * said; `any`: whichever is free, for tests.
 */
export async function choosePorts<Name extends string>(preferred: Readonly<Record<Name, number>>, wanted: 'preferred' | 'any', say: (line: string) => void): Promise<Record<Name, number>> {
  const chosen: Partial<Record<Name, number>> = {};
  const taken = new Set<number>();
  for (const name of Object.keys(preferred) as Name[]) {
    let port = await freePort(wanted === 'any' ? randomInt(10_000, 30_000) : preferred[name]);
    while (taken.has(port)) port = await freePort(port + 1);
    if (wanted === 'preferred' && port !== preferred[name]) say(`Port ${preferred[name]} is taken: ${name} listens on ${port}.`);
    taken.add(port);
    chosen[name] = port;
  }
  return chosen as Record<Name, number>;
}
