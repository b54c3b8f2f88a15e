import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../sandbox/postgres.ts';
import type { PostgresServer } from '../../sandbox/postgres.ts';
import { migrate } from '../../store/migrate.ts';
import { loginNames } from '../../store/roles.ts';
import type { Login } from '../../store/roles.ts';

/** How the tests reach the cluster of this run; plain data, since it goes to other processes. */
export interface TestCluster {
  readonly port: number;
  readonly superuserPassword: string;
  readonly logins: Readonly<Record<Login, string>>;
  readonly template: string;
  readonly keysTemplate: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: TestCluster;
  }
}

interface Running {
  readonly cluster: TestCluster;
  readonly server: PostgresServer;
  readonly folder: string;
}

// Vitest loads this file once a project: the projects of one run find their common cluster on the process.
const shared = globalThis as { carethreadTestCluster?: { users: number; running: Promise<Running> } };

async function startCluster(): Promise<Running> {
  const folder = await mkdtemp(path.join(tmpdir(), 'carethread-test-'));
  await chmod(folder, 0o755);
  const superuserPassword = randomBytes(18).toString('base64url');
  const server = await startPostgres({ dataDir: path.join(folder, 'postgres'), superuserPassword, fast: true, temporary: true, settings: { max_connections: '400' } });
  const logins = Object.fromEntries(loginNames.map((name) => [name, randomBytes(18).toString('base64url')])) as Record<Login, string>;
  const cluster = { port: server.port, superuserPassword, logins, template: 'template_data', keysTemplate: 'template_keys' };
  try {
    await migrate({ url: server.superuserUrl(cluster.template), keysUrl: server.superuserUrl(cluster.keysTemplate), logins });
  } catch (error) {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return { cluster, server, folder };
}

/** Vitest's global set-up: one Postgres a run, with migrated template databases that `createTestDatabase` clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const use = (shared.carethreadTestCluster ??= { users: 0, running: startCluster() });
  use.users += 1;
  const { cluster, server, folder } = await use.running;
  project.provide('postgres', cluster);
  return async () => {
    use.users -= 1;
    if (use.users > 0) return;
    delete shared.carethreadTestCluster;
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
