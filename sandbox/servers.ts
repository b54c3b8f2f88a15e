import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from './postgres.ts';
import type { PostgresOptions, PostgresServer } from './postgres.ts';
import { startTemporal } from './temporal.ts';
import type { TemporalOptions } from './temporal.ts';

/** Search attributes that follow-ups carry; an unregistered one would wedge them. */
const searchAttributes = { CarethreadPlan: 'Keyword', CarethreadVersion: 'Keyword', CarethreadDepartment: 'Keyword' } as const;

const lookEveryMs = 200;
const pauseMs = 500;

/** A server that is started again whenever it dies unasked. */
export interface KeptServer {
  readonly pid: number | undefined;
  stop(): Promise<void>;
  kill9(): Promise<void>;
}

/** Postgres, kept running on its port, which is the wanted one unless another program was quicker. */
export async function keepPostgres(options: PostgresOptions, say: (line: string) => void): Promise<KeptServer & { readonly port: number }> {
  let server: PostgresServer = await startPostgres(options);
  let stopping = false;
  const wasStopped = (): boolean => stopping;
  const watch = async (): Promise<void> => {
    while (!wasStopped()) {
      await delay(lookEveryMs);
      if (isAlive(server.pid) || wasStopped()) continue;
      say('Postgres ended; starting it again.');
      await startPostgres({ ...options, port: server.port }).then(
        (next) => {
          server = next;
        },
        (error: unknown) => {
          say(error instanceof Error ? error.message : String(error));
          return delay(pauseMs);
        },
      );
    }
  };
  const watching = watch();
  return {
    port: server.port,
    get pid() {
      return server.pid;
    },
    kill9: () => server.kill9(),
    stop: async () => {
      stopping = true;
      await watching;
      await server.stop();
    },
  };
}

export interface KeptTemporal extends KeptServer {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | undefined;
  readonly uiSignInUrl: string | undefined;
}

/** Temporal, kept running on its port; one of somebody else's is left alone. */
export async function keepTemporal(options: Omit<TemporalOptions, 'searchAttributes'> & { say: (line: string) => void }): Promise<KeptTemporal> {
  const server = await startTemporal({ ...options, searchAttributes });
  let stopping = false;
  const wasStopped = (): boolean => stopping;
  const watch = async (): Promise<void> => {
    while (!wasStopped()) {
      await server.ended;
      if (wasStopped()) return;
      options.say('Temporal ended; starting it again.');
      await server.restart().catch(async (error: unknown) => {
        options.say(error instanceof Error ? error.message : String(error));
        await delay(pauseMs);
      });
    }
  };
  const watching = server.external ? Promise.resolve() : watch();
  return {
    address: server.address,
    namespace: server.namespace,
    uiUrl: server.uiUrl,
    uiSignInUrl: server.uiSignInUrl,
    get pid() {
      return server.pid;
    },
    kill9: () => server.kill9(),
    stop: async () => {
      stopping = true;
      await server.stop();
      await watching;
      // A restart that was under way may have brought it up again.
      await server.stop();
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
