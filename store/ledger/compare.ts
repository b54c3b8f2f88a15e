import { sameHash } from './merkle.ts';
import type { LedgerProblem } from './verify.ts';

/** A leaf as the database has it now. */
export interface StoredLeaf {
  leafIndex: number;
  eventId: string;
  /** Made anew from the event's row; null when the row is gone. */
  hash: Uint8Array | null;
  /** What `audit.leaf` says it is. */
  ownHash: Uint8Array | null;
}

interface Anchor {
  storedAt: number;
  sealedAt: number;
}

/**
 * Names what was done to the rows between sealing and now. Rows that are as they were sealed, in their order, are anchors; what lies
 * between two anchors was edited, deleted or inserted, what is whole but stands elsewhere was reordered.
 */
export function compareWithSealed(sealed: readonly Uint8Array[], stored: readonly StoredLeaf[]): LedgerProblem[] {
  const matches = matchByHash(sealed, stored);
  const anchors = longestIncreasing(matches);
  const anchored = new Set(anchors.map((anchor) => anchor.storedAt));
  const moved = matches.filter((match) => !anchored.has(match.storedAt));
  const movedFrom = new Set(moved.map((match) => match.storedAt));
  const movedTo = new Set(moved.map((match) => match.sealedAt));

  const problems: LedgerProblem[] = [];
  let from: Anchor = { storedAt: -1, sealedAt: -1 };
  for (const anchor of [...anchors, { storedAt: stored.length, sealedAt: sealed.length }]) {
    const rows = stored.slice(from.storedAt + 1, anchor.storedAt).filter((_, offset) => !movedFrom.has(from.storedAt + 1 + offset));
    const leaves = range(from.sealedAt + 1, anchor.sealedAt).filter((index) => !movedTo.has(index));
    problems.push(...nameGap(rows, leaves, anchor.storedAt === stored.length, sealed.length));
    from = anchor;
  }
  for (const { storedAt, sealedAt } of moved) {
    const row = stored[storedAt];
    if (row !== undefined) problems.push(problem('reordered', row.leafIndex, row.eventId, `Event ${row.eventId} stands at leaf ${row.leafIndex}; it was sealed as leaf ${sealedAt}.`));
  }
  for (const { storedAt } of matches) {
    const row = stored[storedAt];
    if (row?.hash != null && !isOwn(row)) problems.push(problem('edited', row.leafIndex, row.eventId, `The leaf hash of event ${row.eventId} in audit.leaf was edited; the event itself is as it was sealed.`));
  }
  return problems.sort((one, other) => (one.leafIndex ?? Infinity) - (other.leafIndex ?? Infinity));
}

/** Names rows and sealed leaves that found no match between two anchors. `last`: no anchor follows. */
function nameGap(rows: readonly StoredLeaf[], leaves: readonly number[], last: boolean, sealedSize: number): LedgerProblem[] {
  // Rows after all sealed leaves wait for their signature. They are no insertion, if they are what they say.
  const overhang = last ? rows.filter((row) => row.leafIndex >= sealedSize) : [];
  const suspects = rows.filter((row) => !overhang.includes(row));
  const problems = overhang.filter((row) => !isOwn(row)).map((row) => problem('edited', row.leafIndex, row.eventId, `Event ${row.eventId} was edited before its leaf was signed.`));

  const [first] = suspects;
  const firstLeaf = leaves[0];
  if (last && first !== undefined && firstLeaf !== undefined && leaves.length > 1 && suspects.length > 1 && suspects.every(isOwn)) {
    const other = `From leaf ${firstLeaf} on the database has another history than the one signed (${suspects.length} rows for ${leaves.length}), whole in itself: two databases were sealed under one name, or one was rewritten.`;
    return [...problems, problem('forked', firstLeaf, first.eventId, other)];
  }

  const free = new Set(leaves);
  const unplaced: StoredLeaf[] = [];
  for (const row of suspects) {
    if (row.hash === null) {
      free.delete(row.leafIndex);
      problems.push(problem('deleted', row.leafIndex, row.eventId, `Event ${row.eventId} was deleted from audit.event; leaf ${row.leafIndex} was sealed for it.`));
    } else if (free.delete(row.leafIndex)) {
      problems.push(edited(row));
    } else {
      unplaced.push(row);
    }
  }
  const rest = [...free];
  for (const row of unplaced) {
    // Rows were renumbered: as many as there are leaves left were edited, the others are new.
    if (rest.shift() === undefined) problems.push(problem('inserted', row.leafIndex, row.eventId, `Event ${row.eventId} at leaf ${row.leafIndex} was never sealed: it was inserted.`));
    else problems.push(edited(row));
  }
  const [gone] = rest;
  if (gone === undefined) return problems;
  if (last && rest.at(-1) === sealedSize - 1 && rest.length === sealedSize - gone) {
    return [...problems, problem('truncated', gone, null, `The database ends before leaf ${gone}, but ${sealedSize} leaves were signed: ${rest.length} are gone.`)];
  }
  return [...problems, ...rest.map((index) => problem('deleted', index, null, `The row that was sealed as leaf ${index} is gone.`))];
}

function edited(row: StoredLeaf): LedgerProblem {
  return problem('edited', row.leafIndex, row.eventId, `Event ${row.eventId} at leaf ${row.leafIndex} was edited after it was sealed.`);
}

function isOwn({ hash, ownHash }: StoredLeaf): boolean {
  return hash !== null && ownHash !== null && sameHash(hash, ownHash);
}

function matchByHash(sealed: readonly Uint8Array[], stored: readonly StoredLeaf[]): Anchor[] {
  const sealedAt = new Map(sealed.map((hash, index) => [Buffer.from(hash).toString('hex'), index]));
  return stored.flatMap(({ hash }, storedAt) => {
    const name = hash === null ? '' : Buffer.from(hash).toString('hex');
    const index = sealedAt.get(name);
    if (index === undefined) return [];
    // A copy of a row under another leaf finds its place taken.
    sealedAt.delete(name);
    return [{ storedAt, sealedAt: index }];
  });
}

/** The most matches that stand in the order in which they were sealed (patience sorting). */
function longestIncreasing(matches: readonly Anchor[]): Anchor[] {
  interface Link {
    anchor: Anchor;
    before: Link | undefined;
  }
  const ends: Link[] = [];
  for (const anchor of matches) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((ends[middle]?.anchor.sealedAt ?? Infinity) < anchor.sealedAt) low = middle + 1;
      else high = middle;
    }
    ends[low] = { anchor, before: ends[low - 1] };
  }
  const chain: Anchor[] = [];
  for (let link = ends.at(-1); link !== undefined; link = link.before) chain.push(link.anchor);
  return chain.reverse();
}

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, offset) => start + offset);
}

function problem(kind: LedgerProblem['kind'], leafIndex: number | null, eventId: string | null, message: string): LedgerProblem {
  return { kind, leafIndex, eventId, message };
}
