import { appendFile, mkdtemp, readFile, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runShowcase } from '../../sandbox/showcase/run.ts';
import { startWorld } from '../../sandbox/world.ts';
import type { World } from '../../sandbox/world.ts';
import { createPayloadCodec } from '../../temporal/codec.ts';
import { readCodecKeys } from '../../temporal/codec-keys.ts';
import { canaryPatients } from './canary-patients.ts';
import { forms, inForm, searchFor } from './canary-forms.ts';
import type { Finding } from './canary-forms.ts';
import { historiesOf, openedHistories, rawHistories } from './histories.ts';

/** Planted unsealed after the showcase, to know that the search sees what it looks for. */
const planted = 'planted-canary-7d1f0c 种下';
/** What holds no patient by intention: the patients' own phones and mailboxes. */
const outside = ['phones', 'mail.jsonl', 'secrets'];

let folder: string;
let world: World | undefined;
let canaries: Record<string, string>;
let stories: number;
let findings: Finding[];

/** Where every process left something: searched once, for real canaries and for the planted one alike. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-leaks-'));
  world = await startWorld({ dataDir: folder, ports: 'any', phoneSpeed: 10, overrides: { LOG_LEVEL: 'debug' }, say: () => undefined });
  const { texts, patients } = canaryPatients();
  const result = await runShowcase(world, { patients, say: () => undefined });
  stories = result.stories.filter(({ seen }) => seen.texts.length + seen.calls.length > 0 || seen.enrolment.touchpoints.some((touchpoint) => touchpoint.status === 'sent')).length;
  canaries = { ...texts, recordNumber: `SHOW-${result.run}`, evidence: `Form ${result.run}`, planted };
  await plant(world);
  findings = await searchEverywhere(world);
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

async function searchEverywhere(running: World): Promise<Finding[]> {
  const found: Finding[] = [];
  const look = (bytes: Buffer, place: string): void => void found.push(...searchFor(canaries, bytes, place));
  const [current, ...older] = await readCodecKeys(running.secrets.files.codecKeys);
  const codec = createPayloadCodec([current, ...older]);
  const histories = await historiesOf(running.temporal);
  look(rawHistories(histories), 'histories, raw');
  look(await openedHistories(histories, (payloads: Payload[]) => codec.decode(payloads)), 'histories, opened');
  for (const port of [running.ports.apiMetrics, running.ports.workerMetrics]) look(Buffer.from(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()), 'metrics');
  for (const database of ['data', 'keys'] as const) look(await tablesOf(running.superuserUrl(database)), `tables of ${database}`);
  await running.stop();
  for (const { place, file } of await filesBelow(folder)) look(await readFile(file), place);
  return found;
}

/** Every row as text, because large values lie compressed in the files. */
async function tablesOf(url: string): Promise<Buffer> {
  const sql = postgres(url, { max: 1 });
  const tables = await sql<{ name: string }[]>`select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'public')`;
  const rows: string[] = [];
  for (const { name } of tables) rows.push(...(await sql.unsafe<{ row: string }[]>(`select t::text as row from ${name} t`)).map(({ row }) => row));
  await sql`checkpoint`;
  await sql.end();
  return Buffer.from(rows.join('\n'));
}

/** The data folder's files, of Postgres, of Temporal, logs and ledger, each with its topmost name as its place. Links are followed. */
async function filesBelow(top: string): Promise<{ place: string; file: string }[]> {
  const files: { place: string; file: string }[] = [];
  for (const place of await readdir(top)) {
    if (outside.includes(place)) continue;
    const from = await realpath(path.join(top, place));
    const entries = await readdir(from, { recursive: true, withFileTypes: true }).catch(() => null);
    if (entries === null) files.push({ place, file: from });
    else files.push(...entries.filter((entry) => entry.isFile()).map((entry) => ({ place, file: path.join(entry.parentPath, entry.name) })));
  }
  return files;
}

it('patients with canaries went through texts, mail, a call and an alert', () => {
  expect(stories).toBe(3);
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
