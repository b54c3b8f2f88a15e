import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadSamples } from './samples/load.ts';
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
    ...(urls.temporalUiSignIn === undefined ? [] : [['Payloads', `${urls.temporalUiSignIn} (as engineer: then the Temporal UI shows what workflows carry)`] as [string, string]]),
    ['Logs', logDir],
    ['Sign in as', `${Object.keys(secrets.staff).join(', ')} (passwords: ${secrets.files.staff})`],
  ];
  say('');
  for (const [what, where] of rows) say(`${what.padEnd(12)}${where}`);
  say(`\nUp after ${Math.round((Date.now() - startedAt) / 1000)} s. Ctrl-C stops everything; the data stays.`);
}

/** The sample patients, and when the first text reached a phone. What fails here leaves the world running. */
async function bringSamples({ urls, secrets, stopped }: World): Promise<void> {
  const over = new AbortController();
  void stopped.then(() => over.abort());
  try {
    const added = await loadSamples({ urls, secrets }, over.signal);
    if (added === 0) return;
    say(`${added} sample patients are registered.`);
    await fetch(`${urls.phones}/sandbox/messages?direction=outbound-api&atLeast=1&withinMs=120000`, { signal: over.signal });
    say(`The first message is on the phone page, ${Math.round((Date.now() - startedAt) / 1000)} s after the start: ${urls.phones}`);
  } catch (error) {
    if (!over.signal.aborted) process.stderr.write(`The sample patients could not be loaded: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

const fresh = isFresh();
const dataDir = process.env['CARETHREAD_DATA_DIR'] ?? path.join(fileURLToPath(new URL('..', import.meta.url)), '.data');
try {
  const world = await startWorld({ dataDir, fresh, ports: 'preferred', say });
  show(world);
  await bringSamples(world);
  await world.stopped;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
