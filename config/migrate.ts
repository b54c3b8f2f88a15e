import { defineProcess, secretKey } from './load.ts';
import type { ConfigOf } from './load.ts';
import { postgresUrl, text } from './values.ts';

/** At least as long as what `npm start` makes, so that nobody deploys with "postgres". */
const password = text.min(16, 'must have 16 characters or more');
const passwordOf = (login: string, who: string) => secretKey(`PASSWORD_${login.toUpperCase()}`, password, `Password that login ${login} gets (${who}).`);

/** What the migration reads: it makes databases, roles and tables, as an administrator of the Postgres server. */
export const migrateDefinition = defineProcess({
  process: 'migration',
  keys: {
    databaseUrl: secretKey('DATABASE_URL_ADMINISTRATOR', postgresUrl, 'The facts, as an administrator of the server.'),
    keysDatabaseUrl: secretKey('KEYS_DATABASE_URL_ADMINISTRATOR', postgresUrl, 'The key store, likewise.'),
    passwordMigrate: passwordOf('ct_migrate', 'later migrations'),
    passwordWorker: passwordOf('ct_worker', 'worker'),
    passwordApi: passwordOf('ct_api', 'API'),
    passwordAuth: passwordOf('ct_auth', 'authentication process'),
    passwordSealer: passwordOf('ct_sealer', 'sealer'),
    passwordBackup: passwordOf('ct_backup', 'backups'),
  },
});

export type MigrateConfig = ConfigOf<typeof migrateDefinition>;
