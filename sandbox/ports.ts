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

/** A port that the system picks; nobody listens on it now. */
async function anyPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('The system gave no port.'));
        else resolve(address.port);
      });
    });
  });
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
