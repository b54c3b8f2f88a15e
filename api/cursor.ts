import { z } from 'zod';
import { invalidField } from './problem.ts';

/** Where a page ended: the sort key and the id of its last row. Opaque to callers; it holds no patient data. */
export interface Position {
  at: string;
  id: string;
}

const positionSchema = z.tuple([z.iso.datetime({ offset: true }), z.uuid()]);

export function writeCursor(position: Position): string {
  return Buffer.from(JSON.stringify([position.at, position.id])).toString('base64url');
}

/** Throws a problem that names the field when the cursor is not one of ours. */
export function readCursor(cursor: string | undefined): Position | null {
  if (cursor === undefined) return null;
  try {
    const [at, id] = positionSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { at, id };
  } catch {
    throw invalidField('query/cursor', 'Use the nextCursor of the page before, unchanged, or leave it out to begin anew.');
  }
}

/** One row more than the page was asked for tells whether there is a next one. */
export function toPage<Row extends Position>(rows: readonly Row[], limit: number): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? writeCursor({ at: last.at, id: last.id }) : null };
}
