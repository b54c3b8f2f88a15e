import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import postgres from 'postgres';
import type { Sql } from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventLeaf } from '../../store/ledger/canonical.ts';
import { generateNoteKey, noteSigner, noteVerifier, openCheckpoint } from '../../store/ledger/checkpoint.ts';
import { databaseLines, ledgerRows } from '../../store/ledger/rows.ts';
import { createSealer, sealPending } from '../../store/ledger/sealer.ts';
import type { SealerOptions, SealResult } from '../../store/ledger/sealer.ts';
import { readCheckpointNote, readLeafHashes } from '../../store/ledger/tiles.ts';
import { verifyLedger } from '../../store/ledger/verify.ts';
import type { LedgerVerdict } from '../../store/ledger/verify.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
/** The owner of the database: the one whom the ledger must not have to trust. */
let owner: Sql;
let sealerSql: Sql;
let directory: string;
const key = generateNoteKey('carethread/test');
const signer = noteSigner(key.privateKey);
const publicKey = noteVerifier(key.publicKey);

beforeAll(async () => {
  database = await createTestDatabase();
  // Foreign keys and triggers do not hold the one who owns the database.
  owner = postgres(database.superuserUrl, { max: 3, onnotice: () => undefined, connection: { session_replication_role: 'replica' } });
  sealerSql = postgres(database.url('ct_sealer'), { max: 4 });
});
afterAll(async () => {
  await Promise.all([owner.end(), sealerSql.end()]);
  await database.drop();
});
beforeEach(async () => {
  await owner`truncate audit.event, audit.pending, audit.leaf`;
  directory = await mkdtemp(path.join(tmpdir(), 'carethread-ledger-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const options = (over: Partial<SealerOptions> = {}): SealerOptions => ({ sql: sealerSql, directory, signer, batchSize: 1000, ...over });
const seal = (over: Partial<SealerOptions> = {}): Promise<SealResult> => sealPending(options(over));
const verify = (over: { witnesses?: string[]; receipts?: { eventId: string; leafHash: Uint8Array }[]; directory?: string } = {}): Promise<LedgerVerdict> =>
  verifyLedger({ rows: ledgerRows(databaseLines(owner)), directory, publicKey, ...over });
const found = async (over: Parameters<typeof verify>[0] = {}): Promise<[string, number | null, string | null][]> =>
  (await verify(over)).problems.map(({ kind, leafIndex, eventId }) => [kind, leafIndex, eventId]);

function newEvent(at: Date) {
  return {
    event_id: randomUUID(), at, actor_kind: 'worker', actor_id: 'care', action: 'contact', purpose: 'follow-up', verdict: 'allowed', reason: null,
    patient_ids: [randomUUID(), randomUUID()], subject: `touchpoint/${randomUUID()}`, fields: ['name', 'phone'], detail: null, nonce: randomBytes(16),
  };
}

/** Writes events with their pending rows, as the gate does. Returns their ids in order. */
async function record(sql: Sql, count: number, begin = Date.UTC(2026, 0, 31)): Promise<string[]> {
  const events = Array.from({ length: count }, (_, index) => newEvent(new Date(begin + index * 1000)));
  for (let start = 0; start < count; start += 1000) {
    const part = events.slice(start, start + 1000);
    await sql`insert into audit.event ${sql(part)}`;
    await sql`insert into audit.pending ${sql(part.map(({ event_id, at }) => ({ event_id, at })))}`;
  }
  return events.map((event) => event.event_id);
}
const at = (ids: string[], index: number): string => ids[index] ?? 'no such event';
async function checkpointNote(folder = directory): Promise<string> {
  return (await readCheckpointNote(folder)) ?? 'no checkpoint';
}

describe('the sealer', () => {
  it('gives every pending row a leaf and signs the tree outside the database', async () => {
    await record(owner, 5);

    expect(await seal({ batchSize: 3 })).toEqual({ sealed: 3, size: 3 });
    expect(await seal({ batchSize: 3 })).toEqual({ sealed: 2, size: 5 });
    expect(await seal()).toEqual({ sealed: 0, size: 5 });

    expect(openCheckpoint(await checkpointNote(), publicKey).size).toBe(5);
    expect(await verify()).toMatchObject({ ok: true, size: 5, unsigned: 0, pending: 0, problems: [] });
    expect(await owner`select 1 from audit.pending`).toHaveLength(0);
  });

  it('grows a tree of several tiles and levels, batch by batch, and keeps no partial tile that a larger one replaced', async () => {
    await record(owner, 1300);
    const sealer = createSealer(options({ batchSize: 170 }));

    let size = 0;
    for (let result = await sealer.sealPending(); result.sealed > 0; result = await sealer.sealPending()) size = result.size;

    expect(size).toBe(1300);
    expect(await verify()).toMatchObject({ ok: true, size: 1300 });
    const tiles = (await readdir(path.join(directory, 'tile'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)));
    expect(tiles.sort()).toEqual(['tile/0/000', 'tile/0/001', 'tile/0/002', 'tile/0/003', 'tile/0/004', 'tile/0/005.p/20', 'tile/1/000.p/5']);
  });

  it('does not skip a row that began before others and commits after they were sealed', async () => {
    const late = newEvent(new Date(Date.UTC(2026, 0, 1)));
    let commit = (): void => undefined;
    const held = new Promise<void>((resolve) => (commit = resolve));
    let written = (): void => undefined;
    const inserted = new Promise<void>((resolve) => (written = resolve));
    const transaction = owner.begin(async (sql) => {
      await sql`insert into audit.event ${sql(late)}`;
      await sql`insert into audit.pending ${sql([{ event_id: late.event_id, at: late.at }])}`;
      written();
      await held;
    });
    await inserted;
    await record(owner, 3);
    expect(await seal()).toEqual({ sealed: 3, size: 3 });
    commit();
    await transaction;

    expect(await seal()).toEqual({ sealed: 1, size: 4 });

    const [leaf] = await owner<{ event_id: string }[]>`select event_id from audit.leaf where leaf_index = 3`;
    expect(leaf?.event_id).toBe(late.event_id);
    expect(await verify()).toMatchObject({ ok: true, size: 4 });
  });

  it('lets one sealer work at a time, and loses or doubles nothing', async () => {
    await record(owner, 200);

    const results = await Promise.all(Array.from({ length: 4 }, () => seal({ batchSize: 50 })));

    expect(results.map((result) => result.size).sort((one, other) => one - other)).toEqual([50, 100, 150, 200]);
    expect(await verify()).toMatchObject({ ok: true, size: 200 });
  });

  it('goes on after a crash between the database, the tiles and the checkpoint', async () => {
    await record(owner, 300);
    await seal({ batchSize: 100 });
    const checkpoint = await checkpointNote();
    const tilesBefore = path.join(directory, '..', `${path.basename(directory)}-before`);
    await cp(directory, tilesBefore, { recursive: true });
    await seal({ batchSize: 100 });

    // Crash after the tiles: the checkpoint is still the old one.
    await writeFile(path.join(directory, 'checkpoint'), checkpoint);
    expect(await verify()).toMatchObject({ ok: true, size: 100, unsigned: 100, pending: 100 });
    expect(await seal({ batchSize: 50 })).toEqual({ sealed: 50, size: 250 });
    expect(await verify()).toMatchObject({ ok: true, size: 250, unsigned: 0 });
    // Crash before the tiles: neither is there.
    expect(await seal({ directory: tilesBefore })).toEqual({ sealed: 50, size: 300 });
    expect(await verify({ directory: tilesBefore })).toMatchObject({ ok: true, size: 300 });
    await rm(tilesBefore, { recursive: true });
  });

  it('refuses a database that was cut back, and signs nothing', async () => {
    await record(owner, 10);
    await seal();
    const checkpoint = await checkpointNote();
    await owner`delete from audit.leaf where leaf_index >= 7`;
    await record(owner, 1);

    await expect(seal()).rejects.toMatchObject({ code: 'database-behind', leafIndex: 7 });

    expect(await checkpointNote()).toBe(checkpoint);
    expect(await owner`select 1 from audit.pending`).toHaveLength(1);
  });

  it('refuses a database with another history, and names the first leaf that differs', async () => {
    await record(owner, 300);
    await seal();
    await owner`update audit.leaf set leaf_hash = ${randomBytes(32)} where leaf_index = 4`;
    await record(owner, 1);

    await expect(seal()).rejects.toMatchObject({ code: 'database-differs', leafIndex: 4 });
  });

  it('notices, while it runs, that the newest leaves or the directory were exchanged', async () => {
    await record(owner, 300);
    const sealer = createSealer(options());
    await sealer.sealPending();
    await owner`update audit.leaf set leaf_hash = ${randomBytes(32)} where leaf_index = 299`;
    await expect(sealer.sealPending()).rejects.toMatchObject({ code: 'database-differs', leafIndex: 299 });

    await writeFile(path.join(directory, 'tile/0/000'), randomBytes(256 * 32));
    await writeFile(path.join(directory, 'tile/1/000.p/1'), randomBytes(32));
    await expect(sealer.sealPending()).rejects.toMatchObject({ code: 'tiles-damaged' });
  });

  it('refuses when the directory outside is gone, emptied, or signed by another', async () => {
    await record(owner, 3);
    await seal();
    await expect(seal({ signer: noteSigner(generateNoteKey('carethread/test').privateKey) })).rejects.toMatchObject({ code: 'unsigned' });
    await rm(path.join(directory, 'tile'), { recursive: true });
    await expect(seal()).rejects.toMatchObject({ code: 'tiles-damaged' });
    await rm(path.join(directory, 'checkpoint'));

    await expect(seal()).rejects.toMatchObject({ code: 'checkpoint-missing' });
  });

  it('refuses to sign a row that was edited after it got its leaf', async () => {
    const ids = await record(owner, 3);
    await seal({ batchSize: 1 });
    const note = await checkpointNote();
    await cp(path.join(directory, 'tile'), path.join(directory, 'before'), { recursive: true });
    await seal();
    await writeFile(path.join(directory, 'checkpoint'), note);
    await owner`update audit.event set verdict = 'refused' where event_id = ${at(ids, 2)}`;

    await expect(seal()).rejects.toMatchObject({ code: 'database-differs', leafIndex: 2 });
    expect(await found()).toEqual([['edited', 2, at(ids, 2)]]);
  });
});

describe('verifying the ledger', () => {
  let ids: string[];
  beforeEach(async () => {
    ids = await record(owner, 40);
    await seal();
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

    expect(await found()).toEqual([['edited', 17, at(ids, 17)]]);
  });

  it('finds an edit whose leaf hash was made to fit', async () => {
    await owner`update audit.event set verdict = 'refused' where event_id = ${at(ids, 17)}`;
    const other = await mkdtemp(path.join(tmpdir(), 'carethread-forger-'));
    await forge(other);

    expect(await found()).toEqual([['edited', 17, at(ids, 17)]]);
    await rm(other, { recursive: true });
  });

  it('finds a leaf hash that was edited under a whole row', async () => {
    await owner`update audit.leaf set leaf_hash = ${randomBytes(32)} where leaf_index = 5`;

    expect(await found()).toEqual([['edited', 5, at(ids, 5)]]);
  });

  it('finds a deleted row, with its leaf, without it, and with the others renumbered', async () => {
    await owner`delete from audit.event where event_id = ${at(ids, 11)}`;
    expect(await found()).toEqual([['deleted', 11, at(ids, 11)]]);

    await owner`delete from audit.leaf where leaf_index = 11`;
    expect(await found()).toEqual([['deleted', 11, null]]);

    await owner`update audit.leaf set leaf_index = leaf_index + 1000 where leaf_index > 11`;
    await owner`update audit.leaf set leaf_index = leaf_index - 1001 where leaf_index > 1000`;
    expect(await found()).toEqual([['deleted', 11, null]]);
  });

  it('finds a deleted leaf whose row is still there', async () => {
    await owner`delete from audit.leaf where leaf_index = 11`;

    expect((await found()).filter(([, , eventId]) => eventId !== null)).toEqual([['deleted', null, at(ids, 11)]]);
  });

  it('finds a row inserted among the others, and one that went past the ledger', async () => {
    const [inserted, past] = [newEvent(new Date()), newEvent(new Date())];
    await owner`insert into audit.event ${owner([inserted, past])}`;
    await owner`update audit.leaf set leaf_index = leaf_index + 1000 where leaf_index >= 20`;
    await owner`update audit.leaf set leaf_index = leaf_index - 999 where leaf_index >= 1000`;
    await owner`insert into audit.leaf (leaf_index, event_id, leaf_hash) values (20, ${inserted.event_id}, ${randomBytes(32)})`;

    expect(await found()).toEqual([['inserted', null, past.event_id], ['inserted', 20, inserted.event_id]]);
  });

  it('finds two rows that changed places', async () => {
    await owner`update audit.leaf set leaf_index = -1 where leaf_index = 3`;
    await owner`update audit.leaf set leaf_index = 3 where leaf_index = 30`;
    await owner`update audit.leaf set leaf_index = 30 where leaf_index = -1`;

    expect(await found()).toEqual([['reordered', 3, at(ids, 30)], ['reordered', 30, at(ids, 3)]]);
  });

  it('finds one row moved far, and blames no other', async () => {
    await owner`update audit.leaf set leaf_index = -1 where leaf_index = 2`;
    await owner`update audit.leaf set leaf_index = leaf_index + 1000 where leaf_index between 3 and 35`;
    await owner`update audit.leaf set leaf_index = leaf_index - 1001 where leaf_index >= 1000`;
    await owner`update audit.leaf set leaf_index = 35 where leaf_index = -1`;

    expect(await found()).toEqual([['reordered', 35, at(ids, 2)]]);
  });

  it('finds where the database was cut off', async () => {
    await owner`delete from audit.event where event_id in ${owner(ids.slice(33))}`;
    await owner`delete from audit.leaf where leaf_index >= 33`;

    expect(await found()).toEqual([['truncated', 33, null]]);
    await owner`truncate audit.event, audit.pending, audit.leaf`;
    expect(await found()).toEqual([['truncated', 0, null]]);
  });

  it('finds where another history begins, though that one is sealed by the same key', async () => {
    const elsewhere = await mkdtemp(path.join(tmpdir(), 'carethread-forger-'));
    const honest = await checkpointNote();
    await owner`delete from audit.event where event_id in ${owner(ids.slice(25))}`;
    const other = await record(owner, 20);
    await forge(elsewhere);

    expect(await found()).toEqual([['forked', 25, at(other, 0)]]);
    expect(await found({ directory: elsewhere, witnesses: [honest] })).toEqual([['forked', null, null]]);
    expect(await found({ directory: elsewhere })).toEqual([]);
    await rm(elsewhere, { recursive: true });
  });

  it('finds that receipts and checkpoints given out earlier are not in the tree', async () => {
    const older = await checkpointNote();
    const receipts: { eventId: string; leafHash: Uint8Array }[] = [];
    for await (const leafHash of readLeafHashes(directory, 40)) receipts.push({ eventId: at(ids, receipts.length), leafHash });
    await record(owner, 300);
    await seal();
    expect(await found({ witnesses: [older], receipts })).toEqual([]);

    const lost = { eventId: randomUUID(), leafHash: randomBytes(32) };

    expect(await found({ receipts: [lost] })).toEqual([['forked', null, lost.eventId]]);
    expect(await found({ witnesses: [older.replace('\n40\n', '\n41\n')] })).toEqual([['forked', null, null]]);
    const newer = await checkpointNote();
    await writeFile(path.join(directory, 'checkpoint'), older);
    expect(await found({ witnesses: [newer] })).toContainEqual(['truncated', 40, null]);
  });

  it('does not trust a directory whose tiles or checkpoint were changed', async () => {
    const tile = path.join(directory, 'tile/0/000.p/40');
    const bytes = await readFile(tile);
    await writeFile(tile, bytes.map((byte, index) => (index === 100 ? byte ^ 1 : byte)));
    expect(await found()).toEqual([['forked', null, null]]);
    await writeFile(tile, bytes.subarray(0, 64));
    expect(await found()).toEqual([['forked', 0, null]]);
    await writeFile(tile, bytes);
    expect(await found()).toEqual([]);

    await writeFile(path.join(directory, 'checkpoint'), (await checkpointNote()).replace('\n40\n', '\n39\n'));
    expect((await verify()).ok).toBe(false);
    await rm(path.join(directory, 'checkpoint'));
    expect((await verify()).ok).toBe(false);
  });

  it('names several deeds at once', async () => {
    await owner`update audit.event set action = 'other' where event_id = ${at(ids, 1)}`;
    await owner`delete from audit.event where event_id = ${at(ids, 8)}`;
    await owner`update audit.leaf set leaf_index = -1 where leaf_index = 20`;
    await owner`update audit.leaf set leaf_index = 20 where leaf_index = 24`;
    await owner`update audit.leaf set leaf_index = 24 where leaf_index = -1`;

    expect(await found()).toEqual([['edited', 1, at(ids, 1)], ['deleted', 8, at(ids, 8)], ['reordered', 20, at(ids, 24)], ['reordered', 24, at(ids, 20)]]);
  });

  it('does not take the session\'s time zone or date style into the hash', async () => {
    const elsewhere = postgres(database.superuserUrl, { max: 1, connection: { TimeZone: 'Asia/Shanghai', DateStyle: 'SQL, DMY' } });

    const verdict = await verifyLedger({ rows: ledgerRows(databaseLines(elsewhere)), directory, publicKey });

    await elsewhere.end();
    expect(verdict.ok).toBe(true);
  });
});

describe('the canonical bytes of an event', () => {
  it('are the same in SQL and in TypeScript, whatever the row holds', async () => {
    const [plain, odd] = [newEvent(new Date(Date.UTC(2026, 0, 31, 23, 59, 59, 999))), newEvent(new Date(Date.UTC(1999, 0, 1)))];
    await owner`insert into audit.event ${owner([plain, { ...odd, reason: '', detail: '代码,\u0001 \\', subject: null, patient_ids: [], fields: [], actor_id: 'ä"\'' }])}`;
    await owner`update audit.event set at = at + interval '123456 microseconds' where event_id = ${odd.event_id}`;
    const hashes = await owner<{ event_id: string; leaf: Buffer }[]>`select event_id, audit.leaf_hash(e) as leaf from audit.event e`;
    const inSql = new Map(hashes.map((row) => [row.event_id, row.leaf.toString('hex')]));

    const inTypeScript = new Map<string, string>();
    for await (const { eventId, event } of ledgerRows(databaseLines(owner))) if (event !== null) inTypeScript.set(eventId, eventLeaf(event.nonce, event).toString('hex'));

    expect(inTypeScript).toEqual(inSql);
    expect(inSql.size).toBe(2);
  });
});

describe('npm run ledger:verify', () => {
  it('verifies offline from a dump as from the database, names the row, and tells by its exit code', async () => {
    const ids = await record(owner, 10);
    await seal();
    const [keyFile, dump, witness] = ['key.pub', 'rows.jsonl', 'older'].map((name) => path.join(directory, name)) as [string, string, string];
    await writeFile(keyFile, `${key.publicKey}\n`);
    await cp(path.join(directory, 'checkpoint'), witness);
    const url = database.url('ct_sealer');
    const common = ['--directory', directory, '--public-key', keyFile, '--witness', witness];

    expect(await command('--database-url', url, '--dump', dump)).toMatchObject({ code: 0 });
    expect(await command(...common, '--rows', dump)).toEqual({ code: 0, said: 'The ledger is whole: 10 leaves signed, 0 not signed yet, 0 rows waiting.\n' });
    await owner`update audit.event set verdict = 'refused' where event_id = ${at(ids, 6)}`;
    const edited = await command(...common, '--database-url', url);
    expect(edited.code).toBe(1);
    expect(edited.said).toContain(`edited: Event ${at(ids, 6)} at leaf 6 was edited after it was sealed.`);
    await writeFile(dump, (await readFile(dump, 'utf8')).split('\n').filter((line) => !line.includes(at(ids, 4))).join('\n'));
    expect(JSON.parse((await command(...common, '--rows', dump, '--json')).said)).toMatchObject({ ok: false, problems: [{ kind: 'deleted', leafIndex: 4 }] });
    expect(await command('--rows', dump)).toMatchObject({ code: 2 });
  });
});

async function command(...words: string[]): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'store/ledger/verify-cli.ts', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [said, , [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number]>]);
  return { code, said };
}

/** What an owner who has got hold of the sealer's key could do: leaves made to fit, and a directory of its own. */
async function forge(folder: string): Promise<void> {
  await owner`insert into audit.pending (event_id, at) select event_id, at from audit.event on conflict do nothing`;
  const order = await owner<{ event_id: string }[]>`select e.event_id from audit.event e left join audit.leaf l using (event_id) order by l.leaf_index nulls last, e.at`;
  await owner`truncate audit.leaf`;
  const begin = Date.UTC(2020, 0, 1);
  for (const [index, { event_id }] of order.entries()) await owner`update audit.pending set at = ${new Date(begin + index * 1000)} where event_id = ${event_id}`;
  await seal({ directory: folder, sql: owner });
}
