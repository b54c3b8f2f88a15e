import { offsetMinutesAt } from '../domain/time/instants.ts';
import type { Sql } from './connect.ts';

const monthsAhead = 24;

/**
 * Zones whose wall clock Node and Postgres show differently in the next two years, looked at on the first of each month. Node's
 * rules date a step, Postgres's decide whether it is a decent hour: where they differ, a message is an hour off or held for one.
 */
export async function differingZones(sql: Sql, now: Date, zones: readonly string[] = Intl.supportedValuesOf('timeZone')): Promise<string[]> {
  const instants = Array.from({ length: monthsAhead }, (_, month) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + month, 1)).toISOString());
  const rows = await sql<{ zone: string; at: string; offsetMinutes: number }[]>`
    select name as zone, at, (extract(epoch from (at at time zone name) - (at at time zone 'UTC')) / 60)::int as "offsetMinutes"
    from pg_timezone_names cross join unnest(${instants}::timestamptz[]) as at where name = any(${[...zones]})`;
  return [...new Set(rows.filter(({ zone, at, offsetMinutes }) => offsetMinutesAt(new Date(at).toISOString(), zone) !== offsetMinutes).map(({ zone }) => zone))].sort();
}
