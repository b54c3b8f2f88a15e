import { eventLeaf } from './canonical.ts';
import { CheckpointError, openCheckpoint } from './checkpoint.ts';
import type { Checkpoint, NoteVerifier } from './checkpoint.ts';
import { compareWithSealed } from './compare.ts';
import type { StoredLeaf } from './compare.ts';
import { createFrontier, sameHash } from './merkle.ts';
import type { Receipt } from './receipts.ts';
import type { LedgerRow } from './rows.ts';
import { readCheckpointNote, readLeafHashes, TileError } from './tiles.ts';

/**
 * What was done to the ledger. `edited`, `deleted`, `inserted`, `reordered`: one row; `truncated`: all from a leaf on are gone;
 * `forked`: another history from a leaf on, or tiles and checkpoints that contradict each other.
 */
export type ProblemKind = 'edited' | 'deleted' | 'inserted' | 'reordered' | 'truncated' | 'forked';

export interface LedgerProblem {
  kind: ProblemKind;
  leafIndex: number | null;
  eventId: string | null;
  message: string;
}

export interface LedgerVerdict {
  ok: boolean;
  /** Leaves under the checkpoint. */
  size: number;
  /** Leaves that the sealer has given but not signed yet, and rows that still wait for a leaf. Neither is a problem by itself. */
  unsigned: number;
  pending: number;
  /** Receipts that were compared. */
  receipts: number;
  problems: LedgerProblem[];
}

export interface VerifyOptions {
  /** From `ledgerRows`, over a dump or the database; leaves in order, rows without a leaf last. */
  rows: AsyncIterable<LedgerRow>;
  directory: string;
  publicKey: NoteVerifier;
  /** Checkpoints of this ledger that were kept elsewhere: each must be a prefix of the present tree. */
  witnesses?: readonly string[];
  /** Leaf hashes that were handed out, such as those in Temporal's results: each must be in the tree, or be that of a row that waits for its leaf. */
  receipts?: readonly Receipt[];
}

/** Compares the database's rows, one by one, with what was signed outside of it. Needs neither database nor network. */
export async function verifyLedger({ rows, directory, publicKey, witnesses = [], receipts = [] }: VerifyOptions): Promise<LedgerVerdict> {
  const note = await readCheckpointNote(directory);
  const checkpoint = openOr(note ?? '', publicKey);
  if (!('size' in checkpoint)) return { ok: false, size: 0, unsigned: 0, pending: 0, receipts: 0, problems: [forked(null, `The checkpoint outside cannot be trusted. ${checkpoint.message}`)] };
  const tiles = await readTiles(directory, checkpoint, witnesses.map((witness) => openOr(witness, publicKey)));
  if ('message' in tiles) return { ok: false, size: checkpoint.size, unsigned: 0, pending: 0, receipts: 0, problems: [tiles] };

  const stored: StoredLeaf[] = [];
  const problems = [...tiles.problems];
  const known = new Set(tiles.leaves.map(hexOf));
  const waiting: string[] = [];
  for await (const row of rows) {
    const hash = row.event === null ? null : eventLeaf(row.event.nonce, row.event);
    if (row.leafIndex !== null) {
      stored.push({ leafIndex: row.leafIndex, eventId: row.eventId, hash, ownHash: row.leafHash });
    } else if (hash !== null && known.has(hexOf(hash))) {
      problems.push({ kind: 'deleted', leafIndex: null, eventId: row.eventId, message: `The leaf of event ${row.eventId} was deleted from audit.leaf; the event itself is as it was sealed.` });
    } else if (row.pending) {
      waiting.push(hash === null ? '' : hexOf(hash));
    } else {
      problems.push({ kind: 'inserted', leafIndex: null, eventId: row.eventId, message: `Event ${row.eventId} was put into audit.event past the ledger: it has no leaf and waits for none.` });
    }
  }
  problems.push(...compareWithSealed(tiles.leaves, stored));
  const given = new Set([...known, ...waiting, ...stored.slice(tiles.leaves.length).flatMap(({ hash }) => (hash === null ? [] : [hexOf(hash)]))]);
  for (const { holder, leafHash } of receipts) {
    if (!given.has(hexOf(leafHash))) problems.push(forked(null, `The receipt that ${holder} holds is of an event that is not in the ledger, or not as it was then.`));
  }
  return { ok: problems.length === 0, size: checkpoint.size, unsigned: Math.max(0, stored.length - checkpoint.size), pending: waiting.length, receipts: receipts.length, problems };
}

/** Reads the signed leaves, and checks on the way that checkpoint and witnesses are roots of theirs. */
async function readTiles(directory: string, checkpoint: Checkpoint, witnesses: readonly (Checkpoint | CheckpointError)[]): Promise<{ leaves: Buffer[]; problems: LedgerProblem[] } | LedgerProblem> {
  const problems: LedgerProblem[] = [];
  const expected: Checkpoint[] = [];
  for (const witness of witnesses) {
    if (!('size' in witness)) problems.push(forked(null, `A checkpoint kept elsewhere cannot be trusted. ${witness.message}`));
    else if (witness.size > checkpoint.size) problems.push({ kind: 'truncated', leafIndex: checkpoint.size, eventId: null, message: `A checkpoint kept elsewhere covers ${witness.size} leaves, the present one only ${checkpoint.size}.` });
    else expected.push(witness);
  }
  const leaves: Buffer[] = [];
  const frontier = createFrontier();
  const compareRoots = (): void => {
    for (const witness of expected) {
      if (witness.size === frontier.size && !sameHash(witness.root, frontier.root())) problems.push(forked(null, `A checkpoint kept elsewhere has another history in its first ${witness.size} leaves.`));
    }
  };
  compareRoots();
  try {
    for await (const leaf of readLeafHashes(directory, checkpoint.size)) {
      leaves.push(leaf);
      frontier.append(leaf);
      compareRoots();
    }
  } catch (error) {
    if (error instanceof TileError) return forked(leaves.length, error.message);
    throw error;
  }
  if (!sameHash(frontier.root(), checkpoint.root)) return forked(null, 'The tiles outside do not give the root that the checkpoint signs: restore the directory from its copy.');
  return { leaves, problems };
}

function openOr(note: string, publicKey: NoteVerifier): Checkpoint | CheckpointError {
  try {
    return openCheckpoint(note, publicKey);
  } catch (error) {
    if (error instanceof CheckpointError) return error;
    throw error;
  }
}

function forked(leafIndex: number | null, message: string): LedgerProblem {
  return { kind: 'forked', leafIndex, eventId: null, message };
}

function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}
