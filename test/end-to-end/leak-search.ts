import { readFile, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Payload } from '@temporalio/common';
import postgres from 'postgres';
import type { World } from '../../sandbox/world.ts';
import { createPayloadCodec } from '../../temporal/codec.ts';
import { readCodecKeys } from '../../temporal/codec-keys.ts';
import { seekerOf } from './canary-forms.ts';
import type { Finding } from './canary-forms.ts';
import { historiesOf, openedHistories, rawHistories } from './histories.ts';

/** What holds no patient by intention: the patients' own phones and mailboxes. */
const outside = ['phones', 'mail.jsonl', 'secrets'];

export interface Sought {
  /** What is nowhere to be found: all that is the patients'. */
  anywhere: Readonly<Record<string, string | Buffer>>;
  /** No secret in itself, but said to Temporal in payloads alone: found there, something is not sealed. */
  inTemporal: Readonly<Record<string, string>>;
  /** What most of them have in common. */
  mark: string;
}

/** Where every process of the world, which is kept in the folder, left something. Ends everything by `stop` before it reads files: what was written lies still then. */
export async function searchEverywhere(world: World, folder: string, { anywhere, inTemporal, mark }: Sought, stop: () => Promise<void>): Promise<Finding[]> {
  const seek = seekerOf(anywhere, mark);
  const seekInTemporal = seekerOf({ ...anywhere, ...inTemporal }, mark);
  const [current, ...older] = await readCodecKeys(world.secrets.files.codecKeys);
  const codec = createPayloadCodec([current, ...older]);
  const histories = await historiesOf(world.temporal);
  const found = [
    seekInTemporal(rawHistories(histories), 'histories, raw'),
    seekInTemporal(Buffer.from(histories.visibility), 'visibility'),
    seek(await openedHistories(histories, (payloads: Payload[]) => codec.decode(payloads)), 'histories, opened'),
  ];
  for (const port of [world.ports.apiMetrics, world.ports.workerMetrics]) found.push(seek(Buffer.from(await metricsAt(port)), 'metrics'));
  for (const database of ['data', 'keys'] as const) found.push(seek(await tablesOf(world.superuserUrl(database)), `tables of ${database}`));
  await stop();
  for (const { place, file } of await filesBelow(folder)) found.push((place === 'temporal' ? seekInTemporal : seek)(await readFile(file), place));
  return found.flat();
}

/** As a monitoring server reads them. */
export async function metricsAt(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
}

/** Every row as text, because large values lie compressed in the files. Bytes as letters: in megabytes of hexadecimal digits a telephone number comes up by chance. */
async function tablesOf(url: string): Promise<Buffer> {
  const sql = postgres(url, { max: 1, connection: { bytea_output: 'escape' } });
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
