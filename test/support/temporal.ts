import { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll } from 'vitest';
import { findTemporalCli } from '../../sandbox/temporal-cli.ts';
import { startTemporal } from '../../sandbox/temporal.ts';
import type { SearchAttributeKind, TemporalServer } from '../../sandbox/temporal.ts';
import { findTimeSkippingServer } from '../../sandbox/time-skipping.ts';

/** The search attributes that the product sets once at the start of a follow-up. */
export const searchAttributes: Readonly<Record<string, SearchAttributeKind>> = {
  CarethreadPlan: 'Keyword',
  CarethreadVersion: 'Keyword',
  CarethreadDepartment: 'Keyword',
};

/** A server whose time jumps to the next timer. Time is one for all its workflows: run tests on it one after the other. The caller tears it down. */
export async function createTimeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const server = await findTimeSkippingServer();
  if (server.type === 'missing') throw new Error(`${server.reason} Then run "node scripts/run.mjs sandbox/obtain.ts time-skipping".`);
  // The SDK waits 5 s for the server, which a machine busy with other suites may exceed.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: server.type, path: server.path } } });
    } catch (error) {
      if (attempt === 4 || !String(error).includes('did not start within')) throw error;
    }
  }
}

/** A real dev server on a free port; in memory, or in `dataDir` for tests that kill and restart it. The caller stops it. */
export async function startDevServer(dataDir?: string): Promise<TemporalServer> {
  const cli = await findTemporalCli();
  if (cli === undefined) throw new Error('No Temporal server yet. Run "node scripts/run.mjs sandbox/obtain.ts temporal".');
  return startTemporal({ cli, namespace: 'default', searchAttributes, ...(dataDir === undefined ? {} : { dataDir }) });
}

/** One time-skipping server for a test file, torn down after it; the answer is for use within tests and hooks. */
export function useTimeSkipping(): () => TestWorkflowEnvironment {
  return useForFile(createTimeSkippingEnvironment, (environment) => environment.teardown());
}

/** One dev server for a test file, stopped after it; the answer is for use within tests and hooks. */
export function useDevServer(): () => TemporalServer {
  return useForFile(() => startDevServer(), (server) => server.stop());
}

function useForFile<Held>(start: () => Promise<Held>, end: (held: Held) => Promise<void>): () => Held {
  let held: Held | undefined;
  beforeAll(async () => {
    held = await start();
  });
  afterAll(async () => {
    if (held !== undefined) await end(held);
  });
  return () => {
    if (held === undefined) throw new Error('Ask for the server within a test or a hook, not while the file loads.');
    return held;
  };
}
