import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runShowcase } from '../../sandbox/showcase/run.ts';
import { startWorld } from '../../sandbox/world.ts';
import type { World } from '../../sandbox/world.ts';
import { canaryPatients } from './canary-patients.ts';
import { forms, inForm } from './canary-forms.ts';
import type { Finding } from './canary-forms.ts';
import { searchEverywhere, soughtOf } from './leak-search.ts';
import type { Sought } from './leak-search.ts';

/** Planted unsealed after the showcase, to know that the search sees what it looks for. */
const planted = 'planted-canary-7d1f0c 种下';

let folder: string;
let world: World | undefined;
let sought: Sought;
let stories: number;
let findings: Finding[];

/** Where every process left something: searched once, for real canaries and for the planted one alike. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-leaks-'));
  world = await startWorld({ dataDir: folder, ports: 'any', phoneSpeed: 10, overrides: { LOG_LEVEL: 'debug' }, say: () => undefined });
  const { texts, patients } = canaryPatients();
  const result = await runShowcase(world, { patients, say: () => undefined });
  stories = result.stories.filter(({ seen }) => seen.texts.length + seen.calls.length > 0 || seen.enrolment.touchpoints.some((touchpoint) => touchpoint.status === 'sent')).length;
  sought = soughtOf({ ...texts, planted }, result);
  await plant(world);
  findings = await searchEverywhere(world, folder, sought);
}, 400_000);

afterAll(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}, 60_000);

async function plant(running: World): Promise<void> {
  const { temporal, logDir } = running;
  const connection = await Connection.connect({ address: temporal.address });
  await new Client({ connection, namespace: temporal.namespace }).workflow.start('nobody', { workflowId: 'planted', taskQueue: 'nobody', args: [{ planted }] });
  await connection.close();
  await appendFile(path.join(logDir, 'worker.log'), `${JSON.stringify({ planted })}\n`);
  const sql = postgres(running.superuserUrl('data'), { max: 1 });
  await sql`create table public.planted (form text, bytes bytea)`;
  for (const form of forms) await sql`insert into public.planted values (${form}, ${inForm(planted, form)})`;
  await sql.end();
}

it('patients with canaries went through texts, mail, a call and an alert', () => {
  expect(stories).toBe(3);
  expect(Object.keys(sought.inTemporal)).toHaveLength(2);
});

it('no canary of a patient is found anywhere, in any form', () => {
  const leaks = findings.filter((finding) => finding.canary !== 'planted');

  expect(leaks).toEqual([]);
});

it.each(forms)('what lies unsealed in the database in the form %s is found in its files', (form) => {
  const seen = findings.filter((finding) => finding.canary === 'planted' && finding.place === 'postgres' && finding.form === form);

  expect(seen.length).toBeGreaterThan(0);
});

it.each(['histories, raw', 'histories, opened', 'temporal', 'logs', 'postgres'])('what lies unsealed in %s is found there', (place) => {
  const seen = findings.filter((finding) => finding.canary === 'planted' && finding.place === place);

  expect(seen.length).toBeGreaterThan(0);
});
