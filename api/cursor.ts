import { z } from 'zod';
import { invalidField } from './problem.ts';

/** Cursors of one list: where a page ended, as the values by which its rows are ordered. Opaque to callers; they hold no patient data. */
export interface Cursors<Position> {
  /** Null begins anew. Throws a problem that names the field when the cursor is not one of this list. */
  read(cursor: string | undefined): Position | null;
  /** One row more than the page was asked for tells whether there is a next one. */
  page<Row>(rows: readonly Row[], limit: number, positionOf: (row: Row) => Position): { items: Row[]; nextCursor: string | null };
}

export function cursorsOf<Position>(schema: z.ZodType<Position>): Cursors<Position> {
  return {
    read(cursor) {
      if (cursor === undefined) return null;
      try {
        return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
      } catch {
        throw invalidField('query/cursor', 'Use the nextCursor of the page before, unchanged, or leave it out to begin anew.');
      }
    },
    page(rows, limit, positionOf) {
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      return { items, nextCursor: rows.length > limit && last !== undefined ? Buffer.from(JSON.stringify(positionOf(last))).toString('base64url') : null };
    },
  };
}

/** Most lists are ordered by an instant and an id. The instant is the database's, to the microsecond: a rounded one would leave rows out. */
export interface Position {
  at: string;
  id: string;
}

/** As Postgres writes an instant, and no other that it cannot read: it has no year 0, no zone a day away, and no room for a hundred digits of a second. */
const instant = z.iso.datetime({ offset: true }).regex(/^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)$/);
const byTime = cursorsOf(z.tuple([instant, z.uuid()]));

/** As {@link Cursors.read}, of such a list. */
export function readCursor(cursor: string | undefined): Position | null {
  const position = byTime.read(cursor);
  return position === null ? null : { at: position[0], id: position[1] };
}

/** As {@link Cursors.page}, of such a list. */
export function toPage<Row extends Position>(rows: readonly Row[], limit: number): { items: Row[]; nextCursor: string | null } {
  return byTime.page(rows, limit, ({ at, id }) => [at, id]);
}
