import { createLogger } from '../config/logger.ts';
import { loadConfig } from '../config/load.ts';
import { contactLimitsOf, migrateDefinition } from '../config/migrate.ts';
import { migrate, MigrationError } from '../store/migrate.ts';

/** `node scripts/run.mjs worker/migrate-main.ts`: makes or updates databases, roles and tables, and ends. */
const config = loadConfig(migrateDefinition);
const logger = createLogger({ process: 'migration', level: 'info' });
try {
  await migrate({
    url: config.databaseUrl,
    keysUrl: config.keysDatabaseUrl,
    settings: { ...contactLimitsOf(config), 'clock-skew-seconds': config.clockSkewSeconds },
    logins: {
      ct_migrate: config.passwordMigrate,
      ct_worker: config.passwordWorker,
      ct_api: config.passwordApi,
      ct_auth: config.passwordAuth,
      ct_sealer: config.passwordSealer,
      ct_backup: config.passwordBackup,
    },
  });
  logger.info({}, 'the databases are up to date');
} catch (error) {
  // A migration's own message names file and line, and quotes no data: there is none in it.
  if (error instanceof MigrationError) process.stderr.write(`${error.message}\n`);
  else logger.fatal({ err: error }, 'the migration failed');
  process.exitCode = 1;
}
