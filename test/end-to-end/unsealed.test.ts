import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runShowcase } from '../../sandbox/showcase/run.ts';
import { startWorld } from '../../sandbox/world.ts';
import type { World } from '../../sandbox/world.ts';
import { canaryPatients } from './canary-patients.ts';
import type { Finding } from './canary-forms.ts';
import { searchEverywhere, soughtOf } from './leak-search.ts';

/** The product has no such switch: its processes are given other modules from outside. */
const unsealed = { NODE_OPTIONS: `--import=${new URL('unsealed/register.mjs', import.meta.url).href}` };

let folder: string;
let world: World | undefined;
let findings: Finding[];

/** The search of `leaks.test.ts` in a world that seals nothing: its silence there must be the sealing's work. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-unsealed-'));
  world = await startWorld({ dataDir: folder, ports: 'any', phoneSpeed: 10, overrides: unsealed, say: () => undefined });
  const { texts, patients } = canaryPatients();
  const result = await runShowcase(world, { patients: patients.filter((patient) => patient.id === 'canary-by-mail'), say: () => undefined });
  findings = await searchEverywhere(world, folder, soughtOf(texts, result));
}, 400_000);

afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}, 60_000);

it.each(['name', 'note', 'birthDate', 'mailbox'])('without the vault a patient\'s %s is found in the tables and in the files of the database', (canary) => {
  const places = findings.filter((finding) => finding.canary === canary).map((finding) => finding.place);

  expect(places).toEqual(expect.arrayContaining(['tables of data', 'postgres']));
});

it.each(['histories, raw', 'temporal'])('without the codec what was said to Temporal alone is found in %s', (place) => {
  const seen = findings.filter((finding) => finding.place === place && finding.canary.startsWith('reminder'));

  expect(seen.length).toBeGreaterThan(0);
});

it('without either, histories, logs, metrics and the key store still hold nothing that is a patient\'s', () => {
  const others = findings.filter((finding) => !finding.canary.startsWith('reminder') && !['tables of data', 'postgres'].includes(finding.place));

  expect(others).toEqual([]);
});
