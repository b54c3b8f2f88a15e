import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { hashNode } from './merkle.ts';
import type { NodeReader } from './merkle.ts';

/**
 * The ledger's memory outside the database: a directory laid out as C2SP tlog-tiles has it, `checkpoint` and
 * `tile/<level>/<index>[.p/<width>]`, each tile up to 256 hashes. There are no entry bundles: the entries stay in the database,
 * since they name patients by id; level 0 holds their leaf hashes.
 */

const tileWidth = 256;
const tileLevels = 8;
const hashLength = 32;

/** Thrown when a tile is missing or cut short. */
export class TileError extends Error {
  override readonly name = 'TileError';
  readonly code = 'tiles-damaged';
}

/** The present checkpoint's note, or null before the first. */
export async function readCheckpointNote(directory: string): Promise<string | null> {
  return (await readIfThere(path.join(directory, 'checkpoint')))?.toString('utf8') ?? null;
}

export async function writeCheckpointNote(directory: string, note: string): Promise<void> {
  await writeDurably(directory, 'checkpoint', Buffer.from(note, 'utf8'));
}

/** Reads nodes of the tree of `size` leaves from its tiles. Tiles are read once for each reader. Rejects with TileError. */
export function tileReader(directory: string, size: number): NodeReader {
  const tiles = new Map<string, Promise<Buffer[]>>();
  return async (level, index) => {
    const tileLevel = Math.floor(level / tileLevels);
    const span = 2 ** (level % tileLevels);
    const tileIndex = Math.floor((index * span) / tileWidth);
    const name = `${tileLevel}/${tileIndex}`;
    const tile = tiles.get(name) ?? readTile(directory, tileLevel, tileIndex, widthOf(size, tileLevel, tileIndex));
    tiles.set(name, tile);
    const start = (index * span) % tileWidth;
    return subtreeRoot((await tile).slice(start, start + span));
  };
}

/** The leaf hashes of the tree of `size` leaves in order, from leaf `start` (a multiple of 256) on. Rejects with TileError. */
export async function* readLeafHashes(directory: string, size: number, start = 0): AsyncGenerator<Buffer, undefined> {
  for (let index = start / tileWidth; index * tileWidth < size; index += 1) yield* await readTile(directory, 0, index, widthOf(size, 0, index));
}

/**
 * Writes the tiles that the tree needs when `leaves` follow its first `size` ones. Each tile is on disk when this resolves.
 * Without a checkpoint over them they mean nothing, so a crash in between is repaired by writing them again.
 */
export async function appendTiles(directory: string, size: number, leaves: readonly Uint8Array[]): Promise<void> {
  let before = size;
  let added: readonly Uint8Array[] = leaves;
  for (let level = 0; added.length > 0; level += 1) {
    const firstTile = Math.floor(before / tileWidth);
    const partial = before % tileWidth;
    const hashes = partial === 0 ? [...added] : [...(await readTile(directory, level, firstTile, partial)), ...added];
    const complete: Uint8Array[] = [];
    for (let start = 0; start < hashes.length; start += tileWidth) {
      const tile = hashes.slice(start, start + tileWidth);
      await writeDurably(directory, tilePath(level, firstTile + start / tileWidth, tile.length), Buffer.concat(tile));
      if (tile.length === tileWidth) complete.push(subtreeRoot(tile));
    }
    before = firstTile;
    added = complete;
  }
}

/** Removes partial tiles that larger ones have replaced. Only after the checkpoint of `size` leaves is on disk. */
export async function dropOldPartials(directory: string, previousSize: number, size: number): Promise<void> {
  for (let level = 0, count = previousSize; count > 0; level += 1, count = Math.floor(count / tileWidth)) {
    if (count % tileWidth === 0) continue;
    const index = Math.floor(count / tileWidth);
    const width = widthOf(size, level, index);
    const folder = path.join(directory, `${tilePath(level, index, tileWidth)}.p`);
    for (const name of await namesIn(folder)) if (Number(name) < width) await rm(path.join(folder, name), { force: true });
    if (width === tileWidth) await rm(folder, { recursive: true, force: true });
  }
}

/** How many hashes tile `index` of a level has in the tree of `size` leaves. */
function widthOf(size: number, level: number, index: number): number {
  return Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth);
}

/** `tile/0/x001/067.p/12`: indexes in groups of three digits, all but the last after an x. */
function tilePath(level: number, index: number, width: number): string {
  const groups = [String(index % 1000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  const whole = ['tile', String(level), ...groups].join('/');
  return width === tileWidth ? whole : `${whole}.p/${width}`;
}

/** The first `width` hashes of a tile; a wider one serves too, since a tree only grows. */
async function readTile(directory: string, level: number, index: number, width: number): Promise<Buffer[]> {
  const bytes = (await readIfThere(path.join(directory, tilePath(level, index, width)))) ?? (await readWider(directory, level, index, width));
  if (bytes === null || bytes.length < width * hashLength) {
    throw new TileError(`Tile ${tilePath(level, index, width)} is ${bytes === null ? 'missing' : 'cut short'}: restore the ledger's directory from its copy.`);
  }
  return Array.from({ length: width }, (_, at) => bytes.subarray(at * hashLength, (at + 1) * hashLength));
}

async function readWider(directory: string, level: number, index: number, width: number): Promise<Buffer | null> {
  const whole = path.join(directory, tilePath(level, index, tileWidth));
  const full = await readIfThere(whole);
  if (full !== null) return full;
  const wider = (await namesIn(`${whole}.p`)).map(Number).filter((found) => found > width).sort((one, other) => one - other)[0];
  return wider === undefined ? null : readIfThere(path.join(`${whole}.p`, String(wider)));
}

function subtreeRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const [first, ...rest] = hashes;
  if (first === undefined) throw new TileError('A tile is narrower than the tree needs: restore the ledger directory from its copy.');
  if (rest.length === 0) return first;
  return hashNode(subtreeRoot(hashes.slice(0, hashes.length / 2)), subtreeRoot(hashes.slice(hashes.length / 2)));
}

/** Written beside, flushed, renamed, and the folders flushed: after a crash there is the old file or the new, never half of one. */
async function writeDurably(directory: string, name: string, bytes: Buffer): Promise<void> {
  const target = path.join(directory, name);
  const folder = path.dirname(target);
  const madeFolder = (await mkdir(folder, { recursive: true })) !== undefined;
  const draft = path.join(folder, `.${randomUUID()}`);
  const file = await open(draft, 'wx', 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, target);
  for (let at = folder; ; at = path.dirname(at)) {
    await flushFolder(at);
    if (!madeFolder || at === directory || at === path.dirname(at)) return;
  }
}

async function flushFolder(folder: string): Promise<void> {
  // Windows cannot open a folder to flush it; its file systems journal the rename.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readIfThere(file: string): Promise<Buffer | null> {
  return readFile(file).catch(absent<null>(null));
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(absent<string[]>([]))).filter((name) => /^\d+$/.test(name));
}

function absent<Fallback>(fallback: Fallback): (error: unknown) => Fallback {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return fallback;
    throw error;
  };
}
