import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** What can be killed, to see what happens. */
export const victims = ['worker', 'api', 'temporal', 'postgres'] as const;
export type Victim = (typeof victims)[number];

/** A small server for the phone page's "kill the worker" and for the demo. Its address holds a random token. */
export interface ControlServer {
  /** `http://127.0.0.1:<port>/<token>`; POST `<url>/kill/<victim>`. */
  readonly url: string;
  close(): Promise<void>;
}

export async function startControl(port: number, kill: (victim: Victim) => Promise<void>): Promise<ControlServer> {
  const token = randomBytes(24).toString('base64url');
  const server = createServer((request, response) => {
    const [, given = '', verb, name] = (request.url ?? '').split('/');
    const victim = victims.find((each) => each === name);
    if (!isSame(given, token)) response.writeHead(403).end();
    else if (request.method !== 'POST' || verb !== 'kill' || victim === undefined) response.writeHead(404).end();
    else {
      kill(victim).then(
        () => response.writeHead(204).end(),
        () => response.writeHead(500).end(),
      );
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${port}/${token}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isSame(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
