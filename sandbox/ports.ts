import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server } from 'node:net';

const attempts = 200;

/** Listens on this port of 127.0.0.1, so that nobody else can; undefined where somebody does. */
async function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const holder = createServer((socket) => socket.destroy());
    holder.once('error', () => resolve(undefined));
    holder.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(holder));
  });
}

const release = (holder: Server): Promise<void> => new Promise((resolve) => holder.close(() => resolve()));

/** Whether a server could listen on this port of 127.0.0.1 now. */
async function isFree(port: number): Promise<boolean> {
  const holder = await hold(port);
  if (holder !== undefined) await release(holder);
  return holder !== undefined;
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

/** Holds this port, or the next free one above it. */
async function holdFrom(first: number): Promise<{ port: number; holder: Server }> {
  for (let port = first; port < first + attempts && port <= 65_535; port += 1) {
    const holder = await hold(port);
    if (holder !== undefined) return { port, holder };
  }
  throw new Error(`No free port from ${first} on. Close a program that listens there, or name another port.`);
}

/**
 * The preferred port where it is free, else the next free one above it; without a preference any free port.
 * Between this answer and the server's own `listen` another program may take it, so servers retry.
 */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred === undefined || preferred === 0) return anyPort();
  const { port, holder } = await holdFrom(preferred);
  await release(holder);
  return port;
}

export interface HeldPorts<Name extends string> {
  readonly numbers: Readonly<Record<Name, number>>;
  /** Lets them go, right before their server listens. */
  give(...names: Name[]): Promise<void>;
  /** Lets all go that were not given. */
  close(): Promise<void>;
}

/**
 * A port for each server, before any of them listens: none is given twice, and each is held until its server comes, so that two worlds that start at once do
 * not meet. The preferred one, or the next free one above it, which is said; `any`: whichever is free, for tests.
 */
export async function holdPorts<Name extends string>(preferred: Readonly<Record<Name, number>>, wanted: 'preferred' | 'any', say: (line: string) => void): Promise<HeldPorts<Name>> {
  const holders = new Map<Name, Server>();
  const numbers: Partial<Record<Name, number>> = {};
  const give = async (...names: Name[]): Promise<void> => {
    for (const name of names) {
      const holder = holders.get(name);
      holders.delete(name);
      if (holder !== undefined) await release(holder);
    }
  };
  const close = (): Promise<void> => give(...holders.keys());
  try {
    for (const name of Object.keys(preferred) as Name[]) {
      const { port, holder } = await holdFrom(wanted === 'any' ? randomInt(10_000, 30_000) : preferred[name]);
      if (wanted === 'preferred' && port !== preferred[name]) say(`Port ${preferred[name]} is taken: ${name} listens on ${port}.`);
      holders.set(name, holder);
      numbers[name] = port;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { numbers: numbers as Record<Name, number>, give, close };
}
