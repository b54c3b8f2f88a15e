import type { TestProject } from 'vitest/node';
import { startCluster } from './cluster.ts';
import type { RunningCluster, TestCluster } from './cluster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: TestCluster;
  }
}

// Vitest loads this file once a project: the projects of one run find their common cluster on the process.
const shared = globalThis as { carethreadTestCluster?: { users: number; running: Promise<RunningCluster> } };

/** The cluster that `npm test` has started for all its suites, if it did. */
function clusterOfRun(): TestCluster | undefined {
  const given = process.env['CARETHREAD_TEST_CLUSTER'];
  return given === undefined ? undefined : (JSON.parse(given) as TestCluster);
}

/** Vitest's global set-up: one Postgres a run, for all suites that `npm test` runs, else for those of this process. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = clusterOfRun();
  if (given !== undefined) {
    project.provide('postgres', given);
    return undefined;
  }
  const use = (shared.carethreadTestCluster ??= { users: 0, running: startCluster() });
  use.users += 1;
  const { cluster, stop } = await use.running;
  project.provide('postgres', cluster);
  return async () => {
    use.users -= 1;
    if (use.users > 0) return;
    delete shared.carethreadTestCluster;
    await stop();
  };
}
