import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { defaultPayloadConverter } from '@temporalio/common';
import type { PayloadCodec } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import Long from 'long';
import postgres from 'postgres';
import type { Sql } from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventLeaf } from '../../store/ledger/canonical.ts';
import { lineOfReceipt } from '../../store/ledger/receipts.ts';
import type { Receipt } from '../../store/ledger/receipts.ts';
import { databaseLines, ledgerRows } from '../../store/ledger/rows.ts';
import { readLeafHashes } from '../../store/ledger/tiles.ts';
import { verifyLedger } from '../../store/ledger/verify.ts';
import { createPayloadCodec } from '../../temporal/codec.ts';
import { receiptsIn } from '../../temporal/receipts.ts';
import { createLedgerWorld, ledgerKey, newEvent, publicKey } from '../support/ledger-world.ts';
import type { LedgerWorld } from '../support/ledger-world.ts';

let world: LedgerWorld;
let owner: Sql;
let directory: string;
beforeAll(async () => {
  world = await createLedgerWorld();
  ({ owner } = world);
});
afterAll(() => world.close());
beforeEach(async () => {
  directory = await world.empty();
});

const at = (ids: string[], index: number): string => ids[index] ?? 'no such event';

describe('verifying the ledger', () => {
  let ids: string[];
  beforeEach(async () => {
    ids = await world.record(40);
    await world.seal();
  });

  it.each([
    ['verdict', "verdict = 'refused'"],
    ['time, by a microsecond', "at = at + interval '1 microsecond'"],
    ['patients', 'patient_ids = patient_ids[1:1]'],
    ['fields, by moving a border', "fields = array['name,phone,']"],
    ['reason, from nothing to empty', "reason = ''"],
    ['actor', "actor_id = 'someone'"],
    ['nonce', "nonce = '\\x00000000000000000000000000000000'"],
  ])('finds an edited %s at its row', async (_name, assignment) => {
    await owner.unsafe(`update audit.event set ${assignment} where event_id = $1`, [at(ids, 17)]);

    expect(await world.found()).toEqual([['edited', 17, at(ids, 17)]]);
  });

  it('finds an edit whose leaf hash was made to fit', async () => {
    await owner`update audit.event set verdict = 'refused' where event_id = ${at(ids, 17)}`;
    const other = await mkdtemp(path.join(tmpdir(), 'carethread-forger-'));
    await forge(other);

    expect(await world.found()).toEqual([['edited', 17, at(ids, 17)]]);
    await rm(other, { recursive: true });
  });

  it('finds a leaf hash that was edited under a whole row', async () => {
    await owner`update audit.leaf set leaf_hash = ${randomBytes(32)} where leaf_index = 5`;

    expect(await world.found()).toEqual([['edited', 5, at(ids, 5)]]);
  });

  it('finds a deleted row, with its leaf, without it, and with the others renumbered', async () => {
    await owner`delete from audit.event where event_id = ${at(ids, 11)}`;
    expect(await world.found()).toEqual([['deleted', 11, at(ids, 11)]]);

    await owner`delete from audit.leaf where leaf_index = 11`;
    expect(await world.found()).toEqual([['deleted', 11, null]]);

    await owner`update audit.leaf set leaf_index = leaf_index + 1000 where leaf_index > 11`;
    await owner`update audit.leaf set leaf_index = leaf_index - 1001 where leaf_index > 1000`;
    expect(await world.found()).toEqual([['deleted', 11, null]]);
  });

  it('finds a deleted leaf whose row is still there', async () => {
    await owner`delete from audit.leaf where leaf_index = 11`;

    expect((await world.found()).filter(([, , eventId]) => eventId !== null)).toEqual([['deleted', null, at(ids, 11)]]);
  });

  it('finds a row inserted among the others, and one that went past the ledger', async () => {
    const [inserted, past] = [newEvent(new Date()), newEvent(new Date())];
    await owner`insert into audit.event ${owner([inserted, past])}`;
    await owner`update audit.leaf set leaf_index = leaf_index + 1000 where leaf_index >= 20`;
    await owner`update audit.leaf set leaf_index = leaf_index - 999 where leaf_index >= 1000`;
    await owner`insert into audit.leaf (leaf_index, event_id, leaf_hash) values (20, ${inserted.event_id}, ${randomBytes(32)})`;

    expect(await world.found()).toEqual([['inserted', null, past.event_id], ['inserted', 20, inserted.event_id]]);
  });

  it('finds two rows that changed places', async () => {
    await owner`update audit.leaf set leaf_index = -1 where leaf_index = 3`;
    await owner`update audit.leaf set leaf_index = 3 where leaf_index = 30`;
    await owner`update audit.leaf set leaf_index = 30 where leaf_index = -1`;

    expect(await world.found()).toEqual([['reordered', 3, at(ids, 30)], ['reordered', 30, at(ids, 3)]]);
  });

  it('finds one row moved far, and blames no other', async () => {
    await owner`update audit.leaf set leaf_index = -1 where leaf_index = 2`;
    await owner`update audit.leaf set leaf_index = leaf_index + 1000 where leaf_index between 3 and 35`;
    await owner`update audit.leaf set leaf_index = leaf_index - 1001 where leaf_index >= 1000`;
    await owner`update audit.leaf set leaf_index = 35 where leaf_index = -1`;

    expect(await world.found()).toEqual([['reordered', 35, at(ids, 2)]]);
  });

  it('finds where the database was cut off', async () => {
    await owner`delete from audit.event where event_id in ${owner(ids.slice(33))}`;
    await owner`delete from audit.leaf where leaf_index >= 33`;

    expect(await world.found()).toEqual([['truncated', 33, null]]);
    await owner`truncate audit.event, audit.pending, audit.leaf`;
    expect(await world.found()).toEqual([['truncated', 0, null]]);
  });

  it('finds where another history begins, though that one is sealed by the same key', async () => {
    const elsewhere = await mkdtemp(path.join(tmpdir(), 'carethread-forger-'));
    const honest = await world.checkpointNote();
    await owner`delete from audit.event where event_id in ${owner(ids.slice(25))}`;
    const other = await world.record(20);
    await forge(elsewhere);

    expect(await world.found()).toEqual([['forked', 25, at(other, 0)]]);
    expect(await world.found({ directory: elsewhere, witnesses: [honest] })).toEqual([['forked', null, null]]);
    expect(await world.found({ directory: elsewhere })).toEqual([]);
    await rm(elsewhere, { recursive: true });
  });

  it('finds that receipts and checkpoints given out earlier are not in the tree', async () => {
    const older = await world.checkpointNote();
    const receipts: Receipt[] = [];
    for await (const leafHash of readLeafHashes(directory, 40)) receipts.push({ holder: at(ids, receipts.length), leafHash });
    await world.record(300);
    await world.seal();
    expect(await world.found({ witnesses: [older], receipts })).toEqual([]);

    const lost = { holder: 'call/lost', leafHash: randomBytes(32) };

    expect(await world.verify({ receipts: [lost] })).toMatchObject({ problems: [{ kind: 'forked', message: 'The receipt that call/lost holds is of an event that is not in the ledger, or not as it was then.' }] });
    expect(await world.found({ witnesses: [older.replace('\n40\n', '\n41\n')] })).toEqual([['forked', null, null]]);
    const newer = await world.checkpointNote();
    await writeFile(path.join(directory, 'checkpoint'), older);
    expect(await world.found({ witnesses: [newer] })).toContainEqual(['truncated', 40, null]);
  });

  it('finds by a receipt in Temporal\'s history what was deleted before all was sealed anew, which the ledger alone cannot know', async () => {
    const elsewhere = await mkdtemp(path.join(tmpdir(), 'carethread-forger-'));
    const codec = createPayloadCodec([{ id: 'test', bytes: Buffer.alloc(32, 7) }]);
    const [waiting] = await world.record(1);
    const receiptOf = async (eventId: string): Promise<string> => {
      for await (const { event } of ledgerRows(databaseLines(owner))) if (event?.eventId === eventId) return eventLeaf(event.nonce, event).toString('hex');
      return expect.unreachable();
    };
    const results = [{ next: { kind: 'end' }, details: '' }, { next: { kind: 'end' }, receipt: null }, ...(await Promise.all([at(ids, 11), at(ids, 12), waiting ?? ''].map(async (eventId) => ({ next: { kind: 'end' }, receipt: await receiptOf(eventId) }))))];
    const history = await historyOf(codec, results);
    const receipts = await receiptsIn('follow-up/one', history, codec);
    expect(await world.verify({ receipts })).toMatchObject({ ok: true, pending: 1, receipts: 3 });

    await owner`delete from audit.event where event_id = ${at(ids, 11)}`;
    await owner`delete from audit.leaf where event_id = ${at(ids, 11)}`;
    await forge(elsewhere);

    expect(await world.found({ directory: elsewhere })).toEqual([]);
    const { problems } = await world.verify({ directory: elsewhere, receipts });
    expect(problems.map(({ kind, message }) => [kind, message])).toEqual([['forked', 'The receipt that follow-up/one (remindPatient, 2026-03-02T10:00:02.000Z) holds is of an event that is not in the ledger, or not as it was then.']]);
    await rm(elsewhere, { recursive: true });
  });

  it('does not trust a directory whose tiles or checkpoint were changed', async () => {
    const tile = path.join(directory, 'tile/0/000.p/40');
    const bytes = await readFile(tile);
    await writeFile(tile, bytes.map((byte, index) => (index === 100 ? byte ^ 1 : byte)));
    expect(await world.found()).toEqual([['forked', null, null]]);
    await writeFile(tile, bytes.subarray(0, 64));
    expect(await world.found()).toEqual([['forked', 0, null]]);
    await writeFile(tile, bytes);
    expect(await world.found()).toEqual([]);

    await writeFile(path.join(directory, 'checkpoint'), (await world.checkpointNote()).replace('\n40\n', '\n39\n'));
    expect((await world.verify()).ok).toBe(false);
    await rm(path.join(directory, 'checkpoint'));
    expect((await world.verify()).ok).toBe(false);
  });

  it('names several deeds at once', async () => {
    await owner`update audit.event set action = 'other' where event_id = ${at(ids, 1)}`;
    await owner`delete from audit.event where event_id = ${at(ids, 8)}`;
    await owner`update audit.leaf set leaf_index = -1 where leaf_index = 20`;
    await owner`update audit.leaf set leaf_index = 20 where leaf_index = 24`;
    await owner`update audit.leaf set leaf_index = 24 where leaf_index = -1`;

    expect(await world.found()).toEqual([['edited', 1, at(ids, 1)], ['deleted', 8, at(ids, 8)], ['reordered', 20, at(ids, 24)], ['reordered', 24, at(ids, 20)]]);
  });

  it('does not take the session\'s time zone or date style into the hash', async () => {
    const elsewhere = postgres(world.database.superuserUrl, { max: 1, connection: { TimeZone: 'Asia/Shanghai', DateStyle: 'SQL, DMY' } });

    const verdict = await verifyLedger({ rows: ledgerRows(databaseLines(elsewhere)), directory, publicKey });

    await elsewhere.end();
    expect(verdict.ok).toBe(true);
  });
});

describe('npm run ledger:verify', () => {
  it('verifies offline from a dump as from the database, names the row, and tells by its exit code', async () => {
    const ids = await world.record(10);
    await world.seal();
    const [keyFile, dump, witness, urlFile] = ['key.pub', 'rows.jsonl', 'older', 'url'].map((name) => path.join(directory, name)) as [string, string, string, string];
    await writeFile(keyFile, `${ledgerKey.publicKey}\n`);
    await cp(path.join(directory, 'checkpoint'), witness);
    const url = world.database.url('ct_sealer');
    await writeFile(urlFile, `${url}\n`);
    const receipts = path.join(directory, 'receipts.jsonl');
    for await (const leafHash of readLeafHashes(directory, 10)) await appendFile(receipts, `${lineOfReceipt({ holder: 'follow-up/one', leafHash })}\n`);
    const common = ['--directory', directory, '--public-key', keyFile, '--witness', witness, '--receipts', receipts];

    expect(await command('--database-url', url, '--dump', dump)).toMatchObject({ code: 0 });
    expect(await command(...common, '--rows', dump)).toEqual({ code: 0, said: 'The ledger is whole: 10 leaves signed, 0 not signed yet, 0 rows waiting, 10 receipts compared.\n' });
    await owner`update audit.event set verdict = 'refused' where event_id = ${at(ids, 6)}`;
    const edited = await command(...common, '--database-url-file', urlFile);
    expect(edited.code).toBe(1);
    expect(edited.said).toContain(`edited: Event ${at(ids, 6)} at leaf 6 was edited after it was sealed.`);
    await writeFile(dump, (await readFile(dump, 'utf8')).split('\n').filter((line) => !line.includes(at(ids, 4))).join('\n'));
    await appendFile(receipts, `${lineOfReceipt({ holder: 'call/lost', leafHash: randomBytes(32) })}\n`);
    expect(JSON.parse((await command(...common, '--rows', dump, '--json')).said)).toMatchObject({ ok: false, problems: [{ kind: 'deleted', leafIndex: 4 }, { kind: 'forked', message: expect.stringContaining('call/lost') as string }] });
    expect(await command('--rows', dump)).toMatchObject({ code: 2 });
    await writeFile(receipts, '');
    expect(await command(...common, '--rows', dump)).toEqual({ code: 2, said: '' });
  });
});

async function command(...words: string[]): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, ['scripts/run.mjs', 'store/ledger/verify-cli.ts', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [said, , [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number]>]);
  return { code, said };
}

/** A thread's history in which each of these was an activity's result, a second apart. */
async function historyOf(codec: PayloadCodec, results: readonly object[]): Promise<History> {
  const sealed = await codec.encode(results.map((result) => defaultPayloadConverter.toPayload(result)));
  const events = sealed.flatMap((payload, index) => [
    { eventId: Long.fromNumber(2 * index + 1), activityTaskScheduledEventAttributes: { activityType: { name: 'remindPatient' } } },
    { eventId: Long.fromNumber(2 * index + 2), eventTime: { seconds: Long.fromNumber(Date.parse('2026-03-02T10:00:00Z') / 1_000 + index) }, activityTaskCompletedEventAttributes: { scheduledEventId: Long.fromNumber(2 * index + 1), result: { payloads: [payload] } } },
  ]);
  return { events };
}

/** What an owner who has got hold of the sealer's key could do: leaves made to fit, and a directory of its own. */
async function forge(folder: string): Promise<void> {
  await owner`insert into audit.pending (event_id, at) select event_id, at from audit.event on conflict do nothing`;
  const order = await owner<{ event_id: string }[]>`select e.event_id from audit.event e left join audit.leaf l using (event_id) order by l.leaf_index nulls last, e.at`;
  await owner`truncate audit.leaf`;
  const begin = Date.UTC(2020, 0, 1);
  for (const [index, { event_id }] of order.entries()) await owner`update audit.pending set at = ${new Date(begin + index * 1000)} where event_id = ${event_id}`;
  await world.seal({ directory: folder, sql: owner });
}
