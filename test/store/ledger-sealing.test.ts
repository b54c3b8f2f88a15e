import { randomBytes } from 'node:crypto';
import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import postgres from 'postgres';
import type { Sql } from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../../store/connect.ts';
import { eventLeaf } from '../../store/ledger/canonical.ts';
import { generateNoteKey, noteSigner, openCheckpoint } from '../../store/ledger/checkpoint.ts';
import { databaseLines, ledgerRows } from '../../store/ledger/rows.ts';
import { createSealer } from '../../store/ledger/sealer.ts';
import { faultOf } from '../support/intruders.ts';
import { createLedgerWorld, newEvent, publicKey } from '../support/ledger-world.ts';
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

/** By which sealers of older releases take turns. */
const olderTurn = 5_081_963_102;
const at = (ids: string[], index: number): string => ids[index] ?? 'no such event';

describe('the sealer', () => {
  it('gives every pending row a leaf and signs the tree outside the database', async () => {
    await world.record(5);

    expect(await world.seal({ batchSize: 3 })).toEqual({ sealed: 3, size: 3 });
    expect(await world.seal({ batchSize: 3 })).toEqual({ sealed: 2, size: 5 });
    expect(await world.seal()).toEqual({ sealed: 0, size: 5 });

    expect(openCheckpoint(await world.checkpointNote(), publicKey).size).toBe(5);
    expect(await world.verify()).toMatchObject({ ok: true, size: 5, unsigned: 0, pending: 0, problems: [] });
    expect(await owner`select 1 from audit.pending`).toHaveLength(0);
  });

  it('grows a tree of several tiles and levels, batch by batch, and keeps no partial tile that a larger one replaced', async () => {
    await world.record(1300);
    const sealer = createSealer(world.sealing({ batchSize: 170 }));

    let size = 0;
    for (let result = await sealer.sealPending(); result.sealed > 0; result = await sealer.sealPending()) size = result.size;

    expect(size).toBe(1300);
    expect(await world.verify()).toMatchObject({ ok: true, size: 1300 });
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
    await world.record(3);
    expect(await world.seal()).toEqual({ sealed: 3, size: 3 });
    commit();
    await transaction;

    expect(await world.seal()).toEqual({ sealed: 1, size: 4 });

    const [leaf] = await owner<{ event_id: string }[]>`select event_id from audit.leaf where leaf_index = 3`;
    expect(leaf?.event_id).toBe(late.event_id);
    expect(await world.verify()).toMatchObject({ ok: true, size: 4 });
  });

  it('lets one sealer work at a time, and loses or doubles nothing', async () => {
    await world.record(200);

    const results = await Promise.all(Array.from({ length: 4 }, () => world.seal({ batchSize: 50 })));

    expect(results.map((result) => result.sealed)).toEqual([50, 50, 50, 50]);
    expect(Math.max(...results.map((result) => result.size))).toBe(200);
    expect(await world.verify()).toMatchObject({ ok: true, size: 200, unsigned: 0 });
  });

  it.each(['ct_backup', 'ct_auth', 'ct_api', 'ct_worker', 'ct_migrate'] as const)('goes on whatever %s locks', async (login) => {
    await world.record(3);
    const intruder = postgres(world.database.url(login), { max: 1 });
    const held: string[] = [];
    for (const mode of ['access share', 'row share', 'row exclusive', 'share update exclusive', 'share', 'share row exclusive', 'exclusive', 'access exclusive']) {
      for (const table of ['sealing', 'pending', 'leaf', 'event']) if ((await faultOf(intruder.unsafe(`do $$ begin lock table audit.${table} in ${mode} mode; end $$`))) === null) held.push(`${table} ${mode}`);
    }
    const refused = await faultOf(intruder.unsafe('select 1 from audit.sealing for update'));
    await intruder.unsafe(`begin; select pg_advisory_lock(${olderTurn}); select pg_advisory_lock_shared(${olderTurn})`);
    for (const table of new Set(held.map((lock) => lock.split(' ')[0]))) await intruder.unsafe(`lock table audit.${table ?? ''} in access share mode`);

    const result = await world.seal();
    await intruder.end();

    expect(result).toEqual({ sealed: 3, size: 3 });
    // What a dump takes, which is in nobody's way.
    expect(held).toEqual(login === 'ct_backup' ? ['sealing', 'pending', 'leaf', 'event'].map((table) => `${table} access share`) : []);
    expect(refused?.code).toBe('42501');
  });

  it('does not seal beside a sealer of an older release, which knows the advisory lock alone, nor while that one waits behind somebody else', async () => {
    await world.record(3);
    const [older, stranger] = [postgres(world.database.url('ct_sealer'), { max: 1 }), postgres(world.database.url('ct_auth'), { max: 1 })];
    const impatient = connect(`${world.database.url('ct_sealer')}?lock_timeout=50`, { max: 1 });
    await older`select pg_advisory_lock(${olderTurn})`;
    await expect(world.seal({ sql: impatient })).rejects.toMatchObject({ code: '55P03' });
    await older`select pg_advisory_unlock(${olderTurn})`;

    await stranger`select pg_advisory_lock(${olderTurn})`;
    const waiting = older`select pg_advisory_lock(${olderTurn})`.execute();
    await vi.waitFor(async () => expect(await owner`select 1 from pg_locks where locktype = 'advisory' and not granted and objid::bigint = ${olderTurn % 2 ** 32}`).toHaveLength(1), { timeout: 30_000 });
    await expect(world.seal({ sql: impatient })).rejects.toMatchObject({ code: '55P03' });
    await stranger`select pg_advisory_unlock(${olderTurn})`;
    await waiting;
    await older.end();

    expect(await world.seal()).toEqual({ sealed: 3, size: 3 });
    await Promise.all([stranger.end(), impatient.end()]);
  });

  it('waits for another sealer no longer than it is told to, and seals when that one is through', async () => {
    await world.record(3);
    const impatient = connect(`${world.database.url('ct_sealer')}?lock_timeout=50`, { max: 1 });
    let through = (): void => undefined;
    const other = owner.begin(async (tx) => {
      await tx`lock table audit.sealing in exclusive mode`;
      await new Promise<void>((resolve) => (through = resolve));
    });
    await vi.waitFor(async () => expect(await owner`select 1 from pg_locks where relation = 'audit.sealing'::regclass and granted`).toHaveLength(1), { timeout: 30_000 });

    await expect(world.seal({ sql: impatient })).rejects.toMatchObject({ code: '55P03' });
    through();
    await other;

    expect(await world.seal({ sql: impatient })).toEqual({ sealed: 3, size: 3 });
    await impatient.end();
  });

  it('outlives a connection that Postgres ends in the midst of a pass, which another pass makes good', async () => {
    await world.record(3);
    const sql = connect(world.database.url('ct_sealer'), { max: 1 });
    const sealer = createSealer(world.sealing({ sql }));
    const passing = owner.begin(async (tx) => {
      await tx`lock table audit.leaf in exclusive mode`;
      const pass = sealer.sealPending().catch((error: unknown) => error);
      await vi.waitFor(async () => expect(await owner`select pg_terminate_backend(pid) from pg_locks where relation = 'audit.leaf'::regclass and not granted`).toHaveLength(1), { timeout: 30_000 });
      return { lost: await pass };
    });

    const { lost } = await passing;
    expect(lost).toMatchObject({ code: expect.stringMatching(/^(57P01|CONNECTION_CLOSED)$/) as string });
    // The driver may tell whoever comes next once more how the connection ended.
    expect(await vi.waitFor(() => sealer.sealPending(), { timeout: 50_000, interval: 1 })).toEqual({ sealed: 3, size: 3 });
    expect(await world.verify()).toMatchObject({ ok: true, size: 3, pending: 0 });
    await sql.end();
  });

  it('goes on after a crash between the database, the tiles and the checkpoint', async () => {
    await world.record(300);
    await world.seal({ batchSize: 100 });
    const checkpoint = await world.checkpointNote();
    const tilesBefore = path.join(directory, '..', `${path.basename(directory)}-before`);
    await cp(directory, tilesBefore, { recursive: true });
    await world.seal({ batchSize: 100 });

    // Crash after the tiles: the checkpoint is still the old one.
    await writeFile(path.join(directory, 'checkpoint'), checkpoint);
    expect(await world.verify()).toMatchObject({ ok: true, size: 100, unsigned: 100, pending: 100 });
    expect(await world.seal({ batchSize: 50 })).toEqual({ sealed: 50, size: 250 });
    expect(await world.verify()).toMatchObject({ ok: true, size: 250, unsigned: 0 });
    // Crash before the tiles: neither is there.
    expect(await world.seal({ directory: tilesBefore })).toEqual({ sealed: 50, size: 300 });
    expect(await world.verify({ directory: tilesBefore })).toMatchObject({ ok: true, size: 300 });
    await rm(tilesBefore, { recursive: true });
  });

  it('refuses a database that was cut back, and signs nothing', async () => {
    await world.record(10);
    await world.seal();
    const checkpoint = await world.checkpointNote();
    await owner`delete from audit.leaf where leaf_index >= 7`;
    await world.record(1);

    await expect(world.seal()).rejects.toMatchObject({ code: 'database-behind', leafIndex: 7 });

    expect(await world.checkpointNote()).toBe(checkpoint);
    expect(await owner`select 1 from audit.pending`).toHaveLength(1);
  });

  it('refuses a database with another history, and names the first leaf that differs', async () => {
    await world.record(300);
    await world.seal();
    await owner`update audit.leaf set leaf_hash = ${randomBytes(32)} where leaf_index = 4`;
    await world.record(1);

    await expect(world.seal()).rejects.toMatchObject({ code: 'database-differs', leafIndex: 4 });
  });

  it('notices, while it runs, that the newest leaves or the directory were exchanged', async () => {
    await world.record(300);
    const sealer = createSealer(world.sealing());
    await sealer.sealPending();
    await owner`update audit.leaf set leaf_hash = ${randomBytes(32)} where leaf_index = 299`;
    await expect(sealer.sealPending()).rejects.toMatchObject({ code: 'database-differs', leafIndex: 299 });

    await writeFile(path.join(directory, 'tile/0/000'), randomBytes(256 * 32));
    await writeFile(path.join(directory, 'tile/1/000.p/1'), randomBytes(32));
    await expect(sealer.sealPending()).rejects.toMatchObject({ code: 'tiles-damaged' });
  });

  it('refuses when the directory outside is gone, emptied, or signed by another', async () => {
    await world.record(3);
    await world.seal();
    await expect(world.seal({ signer: noteSigner(generateNoteKey('carethread/test').privateKey) })).rejects.toMatchObject({ code: 'unsigned' });
    await rm(path.join(directory, 'tile'), { recursive: true });
    await expect(world.seal()).rejects.toMatchObject({ code: 'tiles-damaged' });
    await rm(path.join(directory, 'checkpoint'));

    await expect(world.seal()).rejects.toMatchObject({ code: 'checkpoint-missing' });
  });

  it('refuses to sign a row that was edited after it got its leaf', async () => {
    const ids = await world.record(3);
    await world.seal({ batchSize: 1 });
    const note = await world.checkpointNote();
    await cp(path.join(directory, 'tile'), path.join(directory, 'before'), { recursive: true });
    await world.seal();
    await writeFile(path.join(directory, 'checkpoint'), note);
    await owner`update audit.event set verdict = 'refused' where event_id = ${at(ids, 2)}`;

    await expect(world.seal()).rejects.toMatchObject({ code: 'database-differs', leafIndex: 2 });
    expect(await world.found()).toEqual([['edited', 2, at(ids, 2)]]);
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
