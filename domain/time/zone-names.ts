import { getAllTimezones } from 'countries-and-timezones';

const names: ReadonlyMap<string, string> = new Map(Object.keys(getAllTimezones({ deprecated: true })).map((name) => [name.toLowerCase(), name]));

/**
 * The zone as the time zone database writes it. Engines and Postgres take `america/new_york` too, and what looks a zone up in a table
 * would find nothing by it. A name that the table has not stays as it is, and so does an alias.
 */
export function writtenZone(zone: string): string {
  return names.get(zone.toLowerCase()) ?? zone;
}
