import { readFile, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Payload } from '@temporalio/common';
import postgres from 'postgres';
import type { ShowcaseResult } from '../../sandbox/showcase/run.ts';
import type { World } from '../../sandbox/world.ts';
import { createPayloadCodec } from '../../temporal/codec.ts';
import { readCodecKeys } from '../../temporal/codec-keys.ts';
import { searchFor } from './canary-forms.ts';
import type { Finding } from './canary-forms.ts';
import { historiesOf, openedHistories, rawHistories } from './histories.ts';

/** What holds no patient by intention: the patients' own phones and mailboxes. */
const outside = ['phones', 'mail.jsonl', 'secrets'];

export interface Sought {
  /** What is nowhere to be found: all that is the patients'. */
  anywhere: Readonly<Record<string, string>>;
  /** No secret in itself, but said to Temporal in payloads alone: found there, something is not sealed. */
  inTemporal: Readonly<Record<string, string>>;
}

/** A showcase's canaries. Histories hold no patient even when they are opened, so that of the codec the ids of reminders tell. */
export function soughtOf(texts: Readonly<Record<string, string>>, { run, stories }: ShowcaseResult): Sought {
  const reminders = stories.flatMap(({ seen }) => seen.enrolment.touchpoints).filter((touchpoint) => touchpoint.stepId === 'welcome');
  return {
    anywhere: { ...texts, recordNumber: `SHOW-${run}`, evidence: `Form ${run}` },
    inTemporal: Object.fromEntries(reminders.map(({ touchpointId }, index) => [`reminder ${index + 1}`, touchpointId])),
  };
}

/** Where every process of the world, which is kept in the folder, left something. Ends the world: what it wrote lies still then. */
export async function searchEverywhere(world: World, folder: string, sought: Sought): Promise<Finding[]> {
  const found: Finding[] = [];
  const look = (bytes: Buffer, place: string, canaries = sought.anywhere): void => void found.push(...searchFor(canaries, bytes, place));
  const lookInTemporal = (bytes: Buffer, place: string): void => look(bytes, place, { ...sought.anywhere, ...sought.inTemporal });
  const [current, ...older] = await readCodecKeys(world.secrets.files.codecKeys);
  const codec = createPayloadCodec([current, ...older]);
  const histories = await historiesOf(world.temporal);
  lookInTemporal(rawHistories(histories), 'histories, raw');
  look(await openedHistories(histories, (payloads: Payload[]) => codec.decode(payloads)), 'histories, opened');
  for (const port of [world.ports.apiMetrics, world.ports.workerMetrics]) look(Buffer.from(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()), 'metrics');
  for (const database of ['data', 'keys'] as const) look(await tablesOf(world.superuserUrl(database)), `tables of ${database}`);
  await world.stop();
  for (const { place, file } of await filesBelow(folder)) (place === 'temporal' ? lookInTemporal : look)(await readFile(file), place);
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
