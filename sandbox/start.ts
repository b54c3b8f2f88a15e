import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** `npm start [-- --fresh]`: the whole world on this machine, until Ctrl-C. */
const startedAt = Date.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function isFresh(): boolean {
  try {
    return parseArgs({ options: { fresh: { type: 'boolean', default: false } } }).values.fresh;
  } catch {
    process.stderr.write('The only option is --fresh: it drops what earlier starts have kept.\n');
    process.exit(1);
  }
}

function show({ urls, secrets, logDir, temporal }: World): void {
  const rows: [string, string][] = [
    ['API', urls.api],
    ['API docs', urls.docs],
    ['Sign-in', urls.auth],
    ['Phones', urls.phones],
    ['Mail', urls.mail],
    ['Workflows', urls.temporalUi === undefined ? `${temporal.address} (a Temporal server of yours)` : `${urls.temporalUi} (Temporal UI)`],
    ['Logs', logDir],
    ['Sign in as', `${Object.keys(secrets.staff).join(', ')} (passwords: ${secrets.files.staff})`],
  ];
  say('');
  for (const [what, where] of rows) say(`${what.padEnd(12)}${where}`);
  say(`\nUp after ${Math.round((Date.now() - startedAt) / 1000)} s. Ctrl-C stops everything; the data stays.`);
}

const fresh = isFresh();
const dataDir = process.env['CARETHREAD_DATA_DIR'] ?? path.join(fileURLToPath(new URL('..', import.meta.url)), '.data');
try {
  const world = await startWorld({ dataDir, fresh, ports: 'preferred', say });
  show(world);
  await world.stopped;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
