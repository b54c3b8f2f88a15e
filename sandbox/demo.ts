import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { printReport } from './showcase/report.ts';
import { allPatients, runShowcase } from './showcase/run.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/**
 * `npm run demo [-- --json] [--data-dir DIR] [--only ID ...]`: a world of its own (or the one kept in DIR), the showcase, its stories and checks.
 * Exit code 0 only when every check holds. With --control it first prints where parts can be killed, as one line of JSON on stderr.
 */
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, 'data-dir': { type: 'string' }, only: { type: 'string', multiple: true }, control: { type: 'boolean', default: false } } });
const { json, 'data-dir': keptIn, only, control } = values;

/** With --json nothing but the report goes to standard output. */
const say = (line: string): void => void (json ? process.stderr : process.stdout).write(`${line}\n`);

/** Shorter than a hospital's, so that what is unclear is settled within the demonstration; all else is as in production. */
const overrides = { LEASE_SECONDS: '8', PROVIDER_DEADLINE_SECONDS: '4', SETTLING_SECONDS: '8', UNCLEAR_AFTER_SECONDS: '120' };
/** A call of a minute takes six seconds. */
const phoneSpeed = 10;

async function show(world: World): Promise<boolean> {
  if (control) process.stderr.write(`${JSON.stringify({ control: world.urls.control })}\n`);
  const { report, stories } = await runShowcase(world, { say, patients: allPatients.filter((patient) => only === undefined || only.includes(patient.id)) });
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else printReport(report, stories, say);
  return report.ok;
}

const dataDir = keptIn ?? (await mkdtemp(path.join(tmpdir(), 'carethread-demo-')));
let world: World | undefined;
try {
  world = await startWorld({ dataDir, ports: 'any', overrides, phoneSpeed, say });
  process.exitCode = (await show(world)) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await world?.stop();
  if (keptIn === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
