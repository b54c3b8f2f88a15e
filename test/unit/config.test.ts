import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiDefinition } from '../../config/api.ts';
import { authDefinition } from '../../config/auth.ts';
import { configurationDocument } from '../../config/document.ts';
import { ConfigError, readConfig } from '../../config/load.ts';
import { contactLimitsOf, migrateDefinition } from '../../config/migrate.ts';
import { workerDefinition } from '../../config/worker.ts';

let folder: string;
let good: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-config-'));
  const file = path.join(folder, 'key');
  await writeFile(file, 'postgres://ct_worker:from-a-file@127.0.0.1/carethread\n');
  good = {
    DATABASE_URL_WORKER: 'postgres://ct_worker:hush@127.0.0.1/carethread', KEYS_DATABASE_URL_WORKER: 'postgres://ct_worker:hush@127.0.0.1/keys',
    TEMPORAL_ADDRESS: '127.0.0.1:7233', CODEC_KEYS_FILE: file, KEY_PROVIDER: `file:${file}`, INDEX_KEY_FILE: file, LINK_KEY_FILE: file,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: 'token', TWILIO_FROM: '+12025550100', PUBLIC_URL: 'https://care.example.org/',
    SMTP_URL: 'smtp://127.0.0.1:1025', MAIL_FROM: 'Ward 3 <ward@example.org>', HOSPITAL_NAME: 'Example Hospital', EMERGENCY_NUMBER: '911', METRICS_PORT: '9464',
  };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(workerDefinition, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('the configuration of a process', () => {
  it('is read into values of their own types, with defaults where there are some', () => {
    const config = readConfig(workerDefinition, good);

    expect(config).toMatchObject({ temporalNamespace: 'carethread', temporalApiKey: undefined, metricsPort: 9464, leaseSeconds: 30, publicUrl: 'https://care.example.org', keyProvider: { kind: 'file' } });
  });

  it('tells all that is wrong at once, each with its name', () => {
    const faults = faultsOf({ ...good, DATABASE_URL_WORKER: '', METRICS_PORT: '0', TWILIO_FROM: '555-0100', TEMPORAL_TLS: 'perhaps', KEY_PROVIDER: 'vault' });

    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(['DATABASE_URL_WORKER', 'KEY_PROVIDER', 'METRICS_PORT', 'TEMPORAL_TLS', 'TWILIO_FROM']);
  });

  it('takes a secret from a file, and refuses to guess when it is given twice', () => {
    const { DATABASE_URL_WORKER: direct = '', ...rest } = good;
    const byFile = { ...rest, DATABASE_URL_WORKER_FILE: path.join(folder, 'key') };

    expect(readConfig(workerDefinition, byFile).databaseUrl).toContain('from-a-file');
    expect(faultsOf({ ...byFile, DATABASE_URL_WORKER: direct })).toEqual([expect.stringContaining('both set')]);
    expect(faultsOf({ ...rest, DATABASE_URL_WORKER_FILE: path.join(folder, 'absent') })).toEqual([expect.stringContaining('cannot be read')]);
  });

  it('never repeats a secret in what it says', () => {
    const faults = faultsOf({ ...good, DATABASE_URL_WORKER: 'mysql://root:CANARY@db', SMTP_URL: 'CANARY' });

    expect(faults).toHaveLength(2);
    expect(faults.join('\n')).not.toContain('CANARY');
  });

  it('counts an empty variable as unset', () => {
    expect(faultsOf({ ...good, TWILIO_BASE_URL: '', TEMPORAL_API_KEY: '' })).toEqual([]);
  });

  it('refuses a provider deadline that outlasts the lease, and half a DKIM key', () => {
    expect(faultsOf({ ...good, PROVIDER_DEADLINE_SECONDS: '8', LEASE_SECONDS: '8' })).toEqual([expect.stringContaining('LEASE_SECONDS')]);
    expect(faultsOf({ ...good, DKIM_DOMAIN: 'example.org' })).toEqual([expect.stringContaining('DKIM_KEY_FILE')]);
  });

  it.each([apiDefinition, authDefinition])('$process believes no proxy unless told how many there are', (definition) => {
    expect(definition.keys.trustedProxies.name).toBe('TRUSTED_PROXIES');
    expect([undefined, '2', '-1'].map((text) => definition.keys.trustedProxies.schema.safeParse(text).data)).toEqual([0, 2, undefined]);
  });

  it('of the migration names the limits on contacts that are given, as the database calls them, and no others', () => {
    const limits = { dailyContactCap: undefined, weeklyContactCap: undefined, dailySmsCap: undefined, weeklySmsCap: undefined, dailyEmailCap: undefined, weeklyEmailCap: undefined, dailyVoiceCap: 2, weeklyVoiceCap: undefined, contactSpacingSeconds: 0, releaseSpreadSeconds: undefined, mergeWindowSeconds: undefined, mergeMost: undefined };

    expect(contactLimitsOf(limits)).toEqual({ 'daily-voice-cap': 2, 'contact-spacing-seconds': 0 });
    expect(['0', '1', '1000', '1001'].map((text) => migrateDefinition.keys.dailyContactCap.schema.safeParse(text).success)).toEqual([false, true, true, false]);
  });

  it('ends the process with code 1 and the list when it does not do', async () => {
    const program = `import { loadConfig } from './config/load.ts'; import { authDefinition } from './config/auth.ts'; loadConfig(authDefinition); console.log('started');`;

    const ended = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], { cwd: path.resolve(import.meta.dirname, '../..'), env: { PATH: process.env['PATH'] } }).catch((error: unknown) => error as { code: number; stdout: string; stderr: string });

    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/DATABASE_URL_AUTH is not set \(nor DATABASE_URL_AUTH_FILE\)[\s\S]*HTTP_PORT is not set/);
  });
});

it('docs/configuration.md says what the code reads (node scripts/run.mjs config/document-main.ts)', async () => {
  const written = await readFile(path.resolve(import.meta.dirname, '../../docs/configuration.md'), 'utf8');

  expect(written).toBe(configurationDocument());
});
