import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld } from '../../sandbox/world.ts';
import type { World } from '../../sandbox/world.ts';
import type { Finding } from './canary-forms.ts';
import { playMailed, remindersOf } from './canary-patients.ts';
import { setCanaryStage, showcasePlan } from './canary-stage.ts';
import { newCanaries } from './canaries.ts';
import { searchEverywhere } from './leak-search.ts';

/** The product has no such switch: its processes are given other modules from outside. */
const unsealed = { NODE_OPTIONS: `--import=${new URL('unsealed/register.mjs', import.meta.url).href}` };
/** What only the codec keeps shut, and what only the vault does. */
const places = { codec: ['histories, raw', 'temporal'], vault: ['tables of data', 'postgres'] };

let folder: string;
let world: World | undefined;
let findings: Finding[];

/** The search of `outage-and-leaks.test.ts` in a world that seals nothing: its silence there must be the sealing's work. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-unsealed-'));
  const running = (world = await startWorld({ dataDir: folder, ports: 'any', phoneSpeed: 10, overrides: unsealed, say: () => undefined }));
  const canaries = newCanaries();
  const stage = await setCanaryStage(running, canaries, [await showcasePlan('showcase')]);
  const inTemporal = await remindersOf([await playMailed(stage)]);
  findings = await searchEverywhere(running, folder, { anywhere: canaries.texts, inTemporal, mark: canaries.mark }, () => running.stop());
}, 400_000);

afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}, 60_000);

it.each(['name', 'note', 'birthDate', 'mailbox', 'phone', 'recordNumber', 'evidence'])('with the vault switched off a patient\'s %s is found in the tables and in the files of the database, and the codec hides none of it', (canary) => {
  const found = findings.filter((finding) => finding.canary === canary).map((finding) => finding.place);

  expect(found).toEqual(expect.arrayContaining(places.vault));
});

it.each(places.codec)('with the codec switched off what was said to Temporal alone is found in %s, where the vault keeps nothing', (place) => {
  const found = findings.filter((finding) => finding.place === place && finding.canary.startsWith('reminder'));

  expect(found.length).toBeGreaterThan(0);
});

it('with both switched off, histories, logs, metrics and the key store still hold nothing that is a patient\'s', () => {
  const others = findings.filter((finding) => !finding.canary.startsWith('reminder') && !places.vault.includes(finding.place));

  expect(others).toEqual([]);
});
