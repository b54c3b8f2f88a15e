import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './ensure-packages.mjs';

/**
 * `node scripts/in-world.mjs FILE [arguments]`: runs a command of ours with the settings of the world that `npm start` runs
 * (of `.data`, or of CARETHREAD_DATA_DIR). A setting that the environment gives itself wins: so the same command serves a
 * real deployment. `--directory`, `--public-key` and `--database-url` of the ledger's check come from there as well.
 */
const settings = path.resolve(root, process.env.CARETHREAD_DATA_DIR ?? '.data', 'secrets', 'environment.json');
if (existsSync(settings)) {
  for (const [key, value] of Object.entries(JSON.parse(readFileSync(settings, 'utf8')))) process.env[key] ??= value;
}
const [file, ...rest] = process.argv.slice(2);
const places = ['--directory', '--public-key', '--database-url', '--database-url-file', '--rows', '--dump'];
if (file?.endsWith('verify-cli.ts') && !rest.some((word) => places.includes(word.split('=')[0] ?? ''))) {
  const { LEDGER_DIRECTORY, LEDGER_PUBLIC_KEY_FILE, DATABASE_URL_SEALER } = process.env;
  if (LEDGER_DIRECTORY === undefined || LEDGER_PUBLIC_KEY_FILE === undefined || DATABASE_URL_SEALER === undefined) {
    process.stderr.write('No world runs here: start one with npm start, or give --directory, --public-key and --database-url or --rows.\n');
    process.exit(2);
  }
  process.argv.push('--directory', LEDGER_DIRECTORY, '--public-key', LEDGER_PUBLIC_KEY_FILE, '--database-url', DATABASE_URL_SEALER);
}
await import('./run.mjs');
