import type { Sql, TransactionSql } from 'postgres';
import { eventLeaf } from './canonical.ts';
import { openCheckpoint, signCheckpoint } from './checkpoint.ts';
import type { Checkpoint, NoteSigner } from './checkpoint.ts';
import { consistencyProof, createFrontier, emptyRoot, sameHash, treeRoot, verifyConsistency } from './merkle.ts';
import { eventJson, eventRow } from './rows.ts';
import { appendTiles, dropOldPartials, readCheckpointNote, readLeafHashes, tileReader, writeCheckpointNote } from './tiles.ts';

export interface SealerOptions {
  /** As the login `ct_sealer`. */
  sql: Sql;
  /** Outside the database's reach: holds checkpoint and tiles. */
  directory: string;
  signer: NoteSigner;
  /** Most rows sealed by one call. */
  batchSize: number;
}

export interface SealResult {
  /** Rows that got their leaf in this call. */
  sealed: number;
  /** Leaves under the checkpoint now. */
  size: number;
}

export interface Sealer {
  /** Gives pending rows their leaves and signs the tree with them. Rejects with LedgerRefused, CheckpointError or TileError, having signed nothing. */
  sealPending(): Promise<SealResult>;
}

/**
 * The sealer will not sign: the database and what was signed before do not agree. `checkpoint-missing`: leaves in the database, but no
 * checkpoint outside; `tiles-damaged`: the tiles do not give the checkpoint's root; `database-behind`: leaves that were signed are gone;
 * `database-differs`: a leaf or a row is another than the one signed; `not-consistent`: the new tree does not extend the signed one.
 */
export class LedgerRefused extends Error {
  override readonly name = 'LedgerRefused';
  readonly code: 'checkpoint-missing' | 'tiles-damaged' | 'database-behind' | 'database-differs' | 'not-consistent';
  /** The first leaf at fault, where one can be named. */
  readonly leafIndex: number | null;

  constructor(code: LedgerRefused['code'], leafIndex: number | null, message: string) {
    super(`${message} Nothing was signed: run ledger:verify, and do not seal again before the cause is known.`);
    this.code = code;
    this.leafIndex = leafIndex;
  }
}

/** Names the advisory lock by which sealers of older releases take turns. */
const olderTurn = 5_081_963_102;

/** One pass of a new sealer, which proves the whole database first: for tests and commands. A process that seals on and on keeps one sealer. */
export function sealPending(options: SealerOptions): Promise<SealResult> {
  return createSealer(options).sealPending();
}

/**
 * A sealer proves once that the database's leaves are the ones signed before, and after that only the newest of them, so that a pass costs
 * as much as it seals; a full check of old rows is `ledger:verify`. The order makes any crash harmless: leaves in the database, then
 * tiles, then the checkpoint; what the database has beyond the checkpoint is published by the next pass.
 */
export function createSealer({ sql, directory, signer, batchSize }: SealerOptions): Sealer {
  /** How many of the database's leaves this process has seen to be the signed ones. */
  let provenSize = 0;

  /** What was signed before, which the database is proved to hold. */
  const proveSigned = async (tx: TransactionSql): Promise<Checkpoint> => {
    const signed = (await readCheckpoint(directory, signer)) ?? (await beginLedger(tx, directory, signer));
    await proveTiles(directory, signed);
    await proveDatabase(tx, directory, signed, Math.min(provenSize, signed.size));
    provenSize = signed.size;
    return signed;
  };

  return {
    sealPending: async () => {
      // Two turns: only leaves that are committed, and so cannot be taken back, are published.
      const sealed = await inTurn(sql, async (tx) => {
        await proveSigned(tx);
        return giveLeaves(tx, batchSize);
      });
      const size = await inTurn(sql, async (tx) => publish(tx, directory, signer, await proveSigned(tx), batchSize));
      provenSize = size;
      return { sealed, size };
    },
  };
}

/**
 * One sealer at a time. The turn is a transaction's, so it is lost with the connection, and what is left of the work ends with it. It is taken by a lock
 * that no other login may take or hinder, and waited for as long as the login's `lock_timeout`: rejects with Postgres' error 55P03 after it.
 */
async function inTurn(sql: Sql, work: (tx: TransactionSql) => Promise<number>): Promise<number> {
  return sql.begin(async (tx) => {
    await tx`lock table audit.sealing in exclusive mode`;
    await keepOlderSealersOut(tx);
    return work(tx);
  });
}

/**
 * Sealers of older releases, which may run beside this one while it is updated, know their own lock alone. Every login may take that one, so it is waited for
 * only where a sealer has it or waits for it: whoever else holds it keeps older sealers out as well. Even two at once could not fork the ledger, whose one
 * order is the database's, where no leaf index is given twice; they could drop tiles that the other's checkpoint needs, which is noticed and refused.
 */
async function keepOlderSealersOut(tx: TransactionSql): Promise<void> {
  for (;;) {
    const [own] = await tx<{ taken: boolean }[]>`select pg_try_advisory_xact_lock(${olderTurn}) as taken`;
    if (own?.taken === true) return;
    const [others] = await tx<{ sealers: boolean | null; held: boolean | null }[]>`
      select bool_or(coalesce(usename = session_user, false)) as sealers, bool_or(granted) as held from pg_locks left join pg_stat_activity using (pid)
      where locktype = 'advisory' and objsubid = 1 and (classid::bigint << 32) + objid::bigint = ${olderTurn}
        and database = (select oid from pg_database where datname = current_database())`;
    if (others?.sealers === true) {
      await tx`select pg_advisory_xact_lock(${olderTurn})`;
      return;
    }
    // Where nobody has it any more, whoever had it was done between the two questions.
    if (others?.held === true) return;
  }
}

async function readCheckpoint(directory: string, signer: NoteSigner): Promise<Checkpoint | null> {
  const note = await readCheckpointNote(directory);
  return note === null ? null : openCheckpoint(note, signer.verifier);
}

/** Signs the empty tree, so that a missing checkpoint never looks like a new ledger again. */
async function beginLedger(sql: TransactionSql, directory: string, signer: NoteSigner): Promise<Checkpoint> {
  const size = await leafCount(sql);
  if (size > 0) throw new LedgerRefused('checkpoint-missing', null, `The database has ${size} leaves, but ${directory} has no checkpoint: restore that directory.`);
  const empty = { origin: signer.name, size: 0, root: emptyRoot };
  await writeCheckpointNote(directory, signCheckpoint(empty, signer));
  return empty;
}

async function proveTiles(directory: string, signed: Checkpoint): Promise<void> {
  if (sameHash(await treeRoot(tileReader(directory, signed.size), signed.size), signed.root)) return;
  throw new LedgerRefused('tiles-damaged', null, 'The tiles outside do not give the root of the checkpoint outside: restore the directory from its copy.');
}

/** The database's leaves are the signed ones, from the tile in which `from` lies on. */
async function proveDatabase(sql: TransactionSql, directory: string, signed: Checkpoint, from: number): Promise<void> {
  const size = await leafCount(sql);
  if (size < signed.size) throw new LedgerRefused('database-behind', size, `${signed.size} leaves were signed, the database has ${size}: it was cut back, or restored from a backup.`);
  const start = Math.floor(from / 256) * 256;
  const frontier = createFrontier();
  const outside = readLeafHashes(directory, signed.size, start);
  const cursor = sql<{ leaf_index: string; leaf_hash: Buffer }[]>`
    select leaf_index, leaf_hash from audit.leaf where leaf_index >= ${start} and leaf_index < ${signed.size} order by leaf_index`.cursor(4096);
  let index = start;
  for await (const rows of cursor) {
    for (const row of rows) {
      const { value } = await outside.next();
      if (Number(row.leaf_index) !== index || value === undefined || !sameHash(row.leaf_hash, value)) throw differs(index);
      frontier.append(row.leaf_hash);
      index += 1;
    }
  }
  if (index !== signed.size || (start === 0 && !sameHash(frontier.root(), signed.root))) throw differs(index);
}

/** Takes pending rows, never rows above the last one: a transaction that began early may commit late. */
async function giveLeaves(sql: TransactionSql, batchSize: number): Promise<number> {
  // Leaves that a crash of Postgres could take back must not be published.
  await sql`set local synchronous_commit = on`;
  const pending = await sql<{ event_id: string; event: unknown; has_leaf: boolean }[]>`
    select e.event_id, ${eventJson(sql)} as event, l.event_id is not null as has_leaf
    from audit.pending p join audit.event e using (event_id) left join audit.leaf l using (event_id)
    order by p.at, p.event_id limit ${batchSize}`;
  if (pending.length === 0) return 0;
  const first = await leafCount(sql);
  const leaves = pending
    .filter((row) => !row.has_leaf)
    .map((row, offset) => {
      const event = eventRow.parse(row.event);
      return { leaf_index: first + offset, event_id: event.eventId, leaf_hash: eventLeaf(event.nonce, event) };
    });
  if (leaves.length > 0) await sql`insert into audit.leaf ${sql(leaves)}`;
  await sql`delete from audit.pending where event_id in ${sql(pending.map((row) => row.event_id))}`;
  return leaves.length;
}

/** Publishes all leaves beyond the checkpoint, also those of a pass that crashed: tiles, proof, then the signature. Returns the new size. */
async function publish(sql: TransactionSql, directory: string, signer: NoteSigner, signed: Checkpoint, batchSize: number): Promise<number> {
  let last = signed;
  for (;;) {
    const leaves = await leavesFrom(sql, last.size, batchSize);
    if (leaves.length === 0) return last.size;
    await appendTiles(directory, last.size, leaves);
    const size = last.size + leaves.length;
    const read = tileReader(directory, size);
    const next = { origin: signer.name, size, root: await treeRoot(read, size) };
    if (!verifyConsistency(await consistencyProof(read, last.size, size), last, next)) {
      throw new LedgerRefused('not-consistent', null, `The tree of ${size} leaves does not extend the signed one of ${last.size}.`);
    }
    await writeCheckpointNote(directory, signCheckpoint(next, signer));
    await dropOldPartials(directory, last.size, size);
    last = next;
  }
}

/** The database's leaves from `start` on, each made anew from its row. */
async function leavesFrom(sql: TransactionSql, start: number, limit: number): Promise<Uint8Array[]> {
  const rows = await sql<{ leaf_index: string; leaf_hash: Buffer; event: unknown }[]>`
    select l.leaf_index, l.leaf_hash, ${eventJson(sql)} as event from audit.leaf l join audit.event e using (event_id)
    where l.leaf_index >= ${start} order by l.leaf_index limit ${limit}`;
  return rows.map((row, offset) => {
    const event = eventRow.parse(row.event);
    const leaf = eventLeaf(event.nonce, event);
    if (Number(row.leaf_index) !== start + offset || !sameHash(leaf, row.leaf_hash)) throw differs(start + offset);
    return leaf;
  });
}

async function leafCount(sql: TransactionSql): Promise<number> {
  const [row] = await sql<{ size: string }[]>`select coalesce(max(leaf_index) + 1, 0) as size from audit.leaf`;
  return Number(row?.size);
}

function differs(leafIndex: number): LedgerRefused {
  return new LedgerRefused('database-differs', leafIndex, `Leaf ${leafIndex} in the database is not the one that was sealed.`);
}
