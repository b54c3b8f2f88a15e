import path from 'node:path';
import type { LoginName, Secrets } from './secrets.ts';

/** Where everything of one world listens, on 127.0.0.1. */
export interface Ports {
  readonly postgres: number;
  readonly temporal: number;
  readonly temporalUi: number;
  readonly phones: number;
  readonly mail: number;
  readonly smtp: number;
  readonly auth: number;
  readonly api: number;
  readonly apiMetrics: number;
  readonly workerMetrics: number;
  readonly control: number;
}

export const preferredPorts: Ports = { api: 3000, phones: 3001, mail: 3002, auth: 3003, temporalUi: 8233, temporal: 7233, postgres: 54_320, smtp: 1025, apiMetrics: 9464, workerMetrics: 9465, control: 3009 };

/** Names of the two databases: the facts and the key store. */
export const databases = { data: 'carethread', keys: 'carethread_keys' } as const;

/** Keys of the environment that a caller may set otherwise, such as SETTLING_SECONDS in the demo. */
export type Overrides = Readonly<Record<string, string>>;

/** The address of a database of this world, as one of its logins or as the superuser. */
export function databaseUrl(ports: Ports, secrets: Secrets, login: LoginName | 'postgres', database: string): string {
  const password = login === 'postgres' ? secrets.superuserPassword : secrets.loginPasswords[login];
  return `postgres://${login}:${encodeURIComponent(password)}@127.0.0.1:${ports.postgres}/${database}`;
}

export interface EnvironmentOptions {
  readonly ports: Ports;
  readonly secrets: Secrets;
  readonly dataDir: string;
  readonly temporal: { readonly address: string; readonly namespace: string; readonly uiUrl: string | undefined };
  readonly overrides: Overrides;
}

/** The whole configuration of the product's processes on a laptop: each reads of it what is its own. */
export function productEnvironment({ ports, secrets, dataDir, temporal, overrides }: EnvironmentOptions): Record<string, string> {
  const { files } = secrets;
  const url = (login: LoginName | 'postgres', database: string): string => databaseUrl(ports, secrets, login, database);
  const local = (port: number): string => `http://127.0.0.1:${port}`;
  return {
    DATABASE_URL_WORKER: url('ct_worker', databases.data),
    DATABASE_URL_API: url('ct_api', databases.data),
    DATABASE_URL_AUTH: url('ct_auth', databases.data),
    DATABASE_URL_SEALER: url('ct_sealer', databases.data),
    KEYS_DATABASE_URL_WORKER: url('ct_worker', databases.keys),
    KEYS_DATABASE_URL_API: url('ct_api', databases.keys),
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    CODEC_KEYS_FILE: files.codecKeys,
    ...(temporal.uiUrl === undefined ? {} : { TEMPORAL_UI_ORIGIN: temporal.uiUrl }),
    KEY_PROVIDER: `file:${files.masterKeys}`,
    INDEX_KEY_FILE: files.indexKey,
    LINK_KEY_FILE: files.linkKey,
    TWILIO_ACCOUNT_SID: secrets.twilioAccountSid,
    TWILIO_AUTH_TOKEN: secrets.twilioAuthToken,
    TWILIO_FROM: '+12025550100',
    TWILIO_BASE_URL: local(ports.phones),
    PUBLIC_URL: local(ports.api),
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    MAIL_FROM: 'Example Hospital <care@example.org>',
    HOSPITAL_NAME: 'Example Hospital',
    EMERGENCY_NUMBER: '911',
    LEDGER_DIRECTORY: path.join(dataDir, 'ledger'),
    LEDGER_KEY_FILE: files.ledgerKey,
    LEDGER_PUBLIC_KEY_FILE: files.ledgerPublicKey,
    ...overrides,
  };
}

/** What only the migration and the people tool get: the administrator's addresses and everybody's password. */
export function administratorEnvironment(ports: Ports, secrets: Secrets): Record<string, string> {
  const passwords = Object.entries(secrets.loginPasswords).map(([login, password]) => [`PASSWORD_${login.toUpperCase()}`, password] as const);
  return {
    // The showcase's waits are seconds: its steps may follow each other as fast. All else is as in production.
    CONTACT_SPACING_SECONDS: '0',
    DATABASE_URL_ADMINISTRATOR: databaseUrl(ports, secrets, 'postgres', databases.data),
    KEYS_DATABASE_URL_ADMINISTRATOR: databaseUrl(ports, secrets, 'postgres', databases.keys),
    DATABASE_URL_MIGRATE: databaseUrl(ports, secrets, 'postgres', databases.data),
    ...Object.fromEntries(passwords),
  };
}
