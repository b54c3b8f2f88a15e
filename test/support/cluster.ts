import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startPostgres } from '../../sandbox/postgres.ts';
import { migrate } from '../../store/migrate.ts';
import { loginNames } from '../../store/roles.ts';
import type { Login } from '../../store/roles.ts';

/** How tests reach the cluster of their run; plain data, since it goes to other processes. */
export interface TestCluster {
  readonly port: number;
  readonly superuserPassword: string;
  readonly logins: Readonly<Record<Login, string>>;
  readonly template: string;
  readonly keysTemplate: string;
}

export interface RunningCluster {
  readonly cluster: TestCluster;
  readonly stop: () => Promise<void>;
}

/** Tests say what time it is. */
export const ownClock = { 'clock-skew-seconds': 0 };

/** A Postgres of this run's own, with migrated template databases that `createTestDatabase` clones. */
export async function startCluster(): Promise<RunningCluster> {
  const folder = await mkdtemp(path.join(tmpdir(), 'carethread-test-'));
  await chmod(folder, 0o755);
  const superuserPassword = randomBytes(18).toString('base64url');
  const server = await startPostgres({ dataDir: path.join(folder, 'postgres'), superuserPassword, fast: true, temporary: true, settings: { max_connections: '400' } });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const logins = Object.fromEntries(loginNames.map((name) => [name, randomBytes(18).toString('base64url')])) as Record<Login, string>;
  const cluster = { port: server.port, superuserPassword, logins, template: 'template_data', keysTemplate: 'template_keys' };
  try {
    await migrate({ url: server.superuserUrl(cluster.template), keysUrl: server.superuserUrl(cluster.keysTemplate), logins, settings: ownClock });
  } catch (error) {
    await stop();
    throw error;
  }
  return { cluster, stop };
}
