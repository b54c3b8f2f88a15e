import type postgres from 'postgres';
import type { Instant } from '../../domain/follow-up/types.ts';
import { toGateError } from './errors.ts';

/** A pool or an open transaction: whatever the gate's functions are to run on. */
export type Connection = postgres.ISql<{ bigint: number; instant: string }>;

/** Runs one call of the gate, giving its errors their names. */
export async function asked<Row extends object>(query: PromiseLike<readonly Row[]>): Promise<Row[]> {
  try {
    return [...(await query)];
  } catch (error) {
    throw toGateError(error);
  }
}

/** The one row of a call that always answers with one. */
export async function askedOne<Row extends object>(query: PromiseLike<readonly Row[]>): Promise<Row> {
  const [row] = await asked(query);
  if (row === undefined) throw new Error('The gate answered nothing: the database lacks its migrations. Run the migrations.');
  return row;
}

/** A `timestamptz` in the form that every room uses, whether or not the connection was made by `connect`. */
export function toInstant(value: string): Instant {
  return new Date(value).toISOString();
}

export function toHex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex');
}
