import { createHash } from 'node:crypto';

/**
 * Merkle trees as RFC 9162 (section 2.1) has them: SHA-256, 0x00 before a leaf, 0x01 before a node. Sizes and indexes are
 * numbers below 2^53, so no bit operators here: those stop at 2^31.
 */

/** Root of the complete subtree of 2^level leaves that stands `index`-th at its level. */
export type NodeReader = (level: number, index: number) => Promise<Uint8Array>;

export const emptyRoot: Buffer = createHash('sha256').digest();

export function hashLeaf(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(Buffer.of(0));
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest();
}

/** A reader over leaf hashes in memory; nodes are computed when asked for and kept. */
export function nodesOf(leaves: readonly Uint8Array[]): NodeReader {
  const known = new Map<string, Uint8Array>();
  const node = (level: number, index: number): Uint8Array => {
    if (level === 0) {
      const leaf = leaves[index];
      if (leaf === undefined) throw new RangeError(`There is no leaf ${index} among ${leaves.length}.`);
      return leaf;
    }
    const name = `${level}/${index}`;
    const found = known.get(name) ?? hashNode(node(level - 1, 2 * index), node(level - 1, 2 * index + 1));
    known.set(name, found);
    return found;
  };
  return (level, index) => Promise.resolve().then(() => node(level, index));
}

/** Root of the tree of the first `size` leaves. */
export function treeRoot(read: NodeReader, size: number): Promise<Uint8Array> {
  return size === 0 ? Promise.resolve(emptyRoot) : rangeRoot(read, 0, size);
}

/** Proof that leaf `index` stands in the tree of `size` leaves: siblings from the leaf up. */
export async function inclusionProof(read: NodeReader, index: number, size: number): Promise<Uint8Array[]> {
  if (index < 0 || index >= size) throw new RangeError(`There is no leaf ${index} in a tree of ${size}.`);
  const path = async (start: number, end: number): Promise<Uint8Array[]> => {
    if (end - start === 1) return [];
    const middle = start + splitOf(end - start);
    return index < middle ? [...(await path(start, middle)), await rangeRoot(read, middle, end)] : [...(await path(middle, end)), await rangeRoot(read, start, middle)];
  };
  return path(0, size);
}

/** Proof that the tree of `from` leaves is a prefix of the tree of `to` leaves. */
export async function consistencyProof(read: NodeReader, from: number, to: number): Promise<Uint8Array[]> {
  if (from < 0 || from > to) throw new RangeError(`A tree of ${from} leaves cannot be a prefix of one of ${to}.`);
  if (from === 0 || from === to) return [];
  const subproof = async (start: number, end: number, known: boolean): Promise<Uint8Array[]> => {
    if (from === end) return known ? [] : [await rangeRoot(read, start, end)];
    const middle = start + splitOf(end - start);
    return from <= middle
      ? [...(await subproof(start, middle, known)), await rangeRoot(read, middle, end)]
      : [...(await subproof(middle, end, false)), await rangeRoot(read, start, middle)];
  };
  return subproof(0, to, true);
}

/** RFC 9162, section 2.1.3.2. */
export function verifyInclusion(proof: readonly Uint8Array[], leaf: Uint8Array, index: number, size: number, root: Uint8Array): boolean {
  if (index < 0 || index >= size) return false;
  let [position, last] = [index, size - 1];
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      hash = hashNode(sibling, hash);
      while (!isOdd(position) && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      hash = hashNode(hash, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && sameHash(hash, root);
}

/** RFC 9162, section 2.1.4.2. */
export function verifyConsistency(proof: readonly Uint8Array[], from: { size: number; root: Uint8Array }, to: { size: number; root: Uint8Array }): boolean {
  if (from.size > to.size) return false;
  if (from.size === to.size) return proof.length === 0 && sameHash(from.root, to.root);
  if (from.size === 0) return proof.length === 0 && sameHash(from.root, emptyRoot);
  const path = isPowerOfTwo(from.size) ? [from.root, ...proof] : [...proof];
  let [position, last] = [from.size - 1, to.size - 1];
  while (isOdd(position)) [position, last] = [half(position), half(last)];
  const seed = path.shift();
  if (seed === undefined) return false;
  let [before, after] = [seed, seed];
  for (const sibling of path) {
    if (last === 0) return false;
    if (isOdd(position) || position === last) {
      before = hashNode(sibling, before);
      after = hashNode(sibling, after);
      while (!isOdd(position) && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      after = hashNode(after, sibling);
    }
    [position, last] = [half(position), half(last)];
  }
  return last === 0 && sameHash(before, from.root) && sameHash(after, to.root);
}

/** The right edge of a growing tree: appends in constant memory, without the leaves before. */
export interface Frontier {
  readonly size: number;
  append(leaf: Uint8Array): void;
  root(): Uint8Array;
}

export function createFrontier(): Frontier {
  /** Roots of the complete subtrees from left to right; each is larger than the next. */
  const peaks: { hash: Uint8Array; leaves: number }[] = [];
  let size = 0;
  return {
    get size() {
      return size;
    },
    append: (leaf) => {
      let peak = { hash: leaf, leaves: 1 };
      for (let left = peaks.at(-1); left?.leaves === peak.leaves; left = peaks.at(-1)) {
        peaks.pop();
        peak = { hash: hashNode(left.hash, peak.hash), leaves: 2 * peak.leaves };
      }
      peaks.push(peak);
      size += 1;
    },
    root: () => peaks.map((peak) => peak.hash).reduceRight<Uint8Array | null>((right, left) => (right === null ? left : hashNode(left, right)), null) ?? emptyRoot,
  };
}

export function sameHash(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** Root of the leaves from `start` to before `end`; `start` is a multiple of the largest power of two within, as RFC 9162's splits are. */
async function rangeRoot(read: NodeReader, start: number, end: number): Promise<Uint8Array> {
  const count = end - start;
  if (isPowerOfTwo(count)) return read(Math.log2(count), start / count);
  const middle = start + splitOf(count);
  return hashNode(await rangeRoot(read, start, middle), await rangeRoot(read, middle, end));
}

/** The largest power of two below `count`. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;
const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value)) && 2 ** Math.log2(value) === value;
