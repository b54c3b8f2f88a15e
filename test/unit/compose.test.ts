import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, mkdirSync, copyFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { apiDefinition } from '../../config/api.ts';
import { authDefinition } from '../../config/auth.ts';
import type { KeySet, ProcessDefinition } from '../../config/load.ts';
import { migrateDefinition } from '../../config/migrate.ts';
import { sealerDefinition } from '../../config/sealer.ts';
import { processKeys } from '../../config/shared.ts';
import { workerDefinition } from '../../config/worker.ts';

interface Service {
  image: string;
  command?: string[];
  restart: string;
  environment?: Record<string, string>;
  stop_grace_period?: string;
  env_file?: { path: string; required: boolean }[];
  healthcheck?: { test: string[] };
  ports?: string[];
  secrets?: string[];
  networks: string[];
  depends_on?: Record<string, { condition: string }>;
}

const root = path.resolve(import.meta.dirname, '../..');
const compose = parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  networks: Record<string, { internal?: boolean }>;
};
const services = Object.entries(compose.services);
/** Services that do one thing and end: others wait for their good end instead of their health. */
const oneShot = ['migrate', 'temporal-databases', 'temporal-schema', 'temporal-namespace'];
const processes: Record<string, Pick<ProcessDefinition<KeySet>, 'keys'>> = { worker: workerDefinition, api: apiDefinition, auth: authDefinition, sealer: sealerDefinition, migrate: migrateDefinition };

describe('the deployment by compose', () => {
  it('has every part', () => {
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(['postgres', 'temporal', 'temporal-ui', ...Object.keys(processes)]));
  });

  it.each(services.filter(([name]) => !oneShot.includes(name)))('looks after the health of %s', (_name, service) => {
    expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    expect(service.restart).toBe('unless-stopped');
  });

  it.each(services)('names for %s an exact image, and waits for health or a good end', (_name, service) => {
    expect(service.image).toMatch(/:\d+\.\d+/);
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(condition).toBe(oneShot.includes(other) ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  it.each(services)('gives %s secrets by file only', (_name, service) => {
    for (const [key, value] of Object.entries(service.environment ?? {})) {
      if (/PASSWORD|TOKEN|SECRET|DATABASE_URL|SMTP_URL|_PWD/.test(key)) expect(value, key).toMatch(/^\/run\/secrets\//);
      expect(value, key).not.toMatch(/:\/\/[^/]*:[^/]*@/);
    }
    for (const value of Object.values(service.environment ?? {})) {
      for (const [, secret] of value.matchAll(/\/run\/secrets\/(\w+)/g)) expect(service.secrets).toContain(secret);
    }
    for (const secret of service.secrets ?? []) expect(compose.secrets[secret]?.file).toBe(`./secrets/${secret}`);
  });

  it('publishes the API and the sign-in where it is told, the Temporal UI on this host alone, and nothing else', () => {
    expect(Object.fromEntries(services.flatMap(([name, { ports }]) => (ports === undefined ? [] : [[name, ports]])))).toEqual({
      api: ['${API_BIND:-127.0.0.1}:3000:3000'],
      auth: ['${API_BIND:-127.0.0.1}:3003:3003'],
      'temporal-ui': ['127.0.0.1:8233:8080'],
    });
    expect(compose.networks['inside']?.internal).toBe(true);
    for (const [name, service] of services) if (service.networks.includes('outside')) expect(['api', 'auth', 'worker', 'temporal-ui']).toContain(name);
  });

  it('wires the Temporal UI to the codec server, and the codec server to the UI', () => {
    expect(compose.services['temporal-ui']?.environment?.['TEMPORAL_CODEC_ENDPOINT']).toBe('${PUBLIC_URL}/v1/codec');
    expect(compose.services['temporal-ui']?.environment?.['TEMPORAL_CODEC_INCLUDE_CREDENTIALS']).toBe('true');
    for (const name of ['api', 'auth']) expect(compose.services[name]?.environment?.['TEMPORAL_UI_ORIGIN']).toContain('8233');
  });

  it.each(Object.entries(processes))('gives %s every key that it needs, and none that it does not know', (name, { keys }) => {
    const given = Object.keys(compose.services[name]?.environment ?? {});
    const names = Object.values(keys).map((key) => key.name);

    for (const key of Object.values(keys)) if (!key.schema.safeParse(undefined).success) expect(given.some((each) => each === key.name || each === `${key.name}_FILE`), key.name).toBe(true);
    for (const each of given) expect(names.includes(each) || names.includes(each.replace(/_FILE$/, '')), each).toBe(true);
  });

  it.each(Object.keys(processes))('lets %s end what is under way before it is killed', (name) => {
    expect(Number.parseInt(compose.services[name]?.stop_grace_period ?? '10', 10)).toBeGreaterThan(processKeys.shutdownGraceSeconds.schema.parse(undefined));
  });

  it.each(Object.keys(processes))('gives %s what the hospital sets besides, such as when its staff read replies', (name) => {
    expect(compose.services[name]?.env_file).toEqual([{ path: '.env', required: false }]);
  });

  it('gives a login only to the process that it belongs to', () => {
    for (const login of ['worker', 'api', 'auth', 'sealer']) {
      expect(services.filter(([, { secrets }]) => secrets?.includes(`database_url_${login}`)).map(([name]) => name)).toEqual([login]);
    }
    expect(services.filter(([, { secrets }]) => secrets?.includes('ledger_key')).map(([name]) => name)).toEqual(['sealer']);
  });

  it.each(readdirSync(path.join(root, 'deploy')).filter((name) => name.endsWith('.sh')))('puts by %s no secret on a command line, which the host shows to everybody', (name) => {
    const lines = readFileSync(path.join(root, 'deploy', name), 'utf8').split('\n');

    const read = lines.filter((line) => line.includes('$(cat /run/secrets'));

    for (const line of read) expect(line).toMatch(/^[A-Z_]+="\$\(cat \/run\/secrets\/\w+\)"$/);
  });

  it('makes every secret once, closed to others, but those that only the hospital has', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'carethread-deploy-'));
    try {
      mkdirSync(path.join(folder, 'deploy'));
      copyFileSync(path.join(root, 'deploy/make-secrets.mjs'), path.join(folder, 'deploy/make-secrets.mjs'));

      const first = spawnSync(process.execPath, [path.join(folder, 'deploy/make-secrets.mjs')]);
      const second = spawnSync(process.execPath, [path.join(folder, 'deploy/make-secrets.mjs')]);

      expect([first.status, second.status]).toEqual([0, 1]);
      expect(readdirSync(path.join(folder, 'secrets')).sort()).toEqual([...Object.keys(compose.secrets).filter((name) => !['smtp_url', 'twilio_auth_token'].includes(name)), 'ledger_public_key', '.gitignore'].sort());
      expect(statSync(path.join(folder, 'secrets')).mode & 0o077).toBe(0);
      for (const name of ['master_keys', 'index_key', 'codec_keys', 'link_key', 'ledger_key', 'database_url_worker']) expect(statSync(path.join(folder, 'secrets', name)).mode & 0o077).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('the image', () => {
  const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');

  it('is built in stages from exact versions and runs without root', () => {
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1])).toHaveLength(3);
    for (const [, from] of dockerfile.matchAll(/^FROM (\S+)/gm)) expect(from).toMatch(/:\d+\.\d+\.\d+/);
    expect(readFileSync(path.join(root, '.dockerignore'), 'utf8').split('\n')).toEqual(expect.arrayContaining(['secrets', '.data', '.git', '.env', 'backups', '*.tar']));
    expect(dockerfile.lastIndexOf('USER node')).toBeGreaterThan(dockerfile.lastIndexOf('RUN '));
  });
});
