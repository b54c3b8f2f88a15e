import { Temporal } from 'temporal-polyfill';
import { describe, expect, test } from 'vitest';
import { dateOf, localTimeOf } from '../../domain/time/local-times.ts';
import { momentsOf, offsetMsAt } from '../../domain/time/zone-offsets.ts';

/** The table of a zone's changes beside the engine that it was read from: every zone, around every change of its clock, in years whose changes were odd. */

const [secondMs, hourMs, dayMs] = [1000, 3_600_000, 86_400_000];
const around = [0, secondMs, hourMs / 2, hourMs, 2 * hourMs, dayMs, 2 * dayMs].flatMap((ms) => [-ms - 1, -ms, ms]);
/** Apia skipped a day, Pyongyang moved by half an hour for good, Asunción gave a midnight up. */
const years = [2011, 2018, 2024, 2027];

const zoned = (ms: number, zone: string): Temporal.ZonedDateTime => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);

function instantsOf(zone: string, year: number): number[] {
  const begin = Date.UTC(year, 0, 1);
  const found = [begin];
  for (let at = zoned(begin, zone).getTimeZoneTransition('next'); at !== null && at.epochMilliseconds < Date.UTC(year + 1, 0, 1); at = at.getTimeZoneTransition('next')) found.push(at.epochMilliseconds);
  return found.flatMap((change) => around.map((ms) => change + ms));
}

function difference(zone: string, instant: number): string[] {
  const offset = zoned(instant, zone).offsetNanoseconds / 1e6;
  const readings = [offset, offset + hourMs, offset - hourMs].map((ahead) => instant + ahead);
  const wrong = readings.filter((wall) => {
    const shown = Temporal.PlainDateTime.from(new Date(wall).toISOString().slice(0, -1));
    const { earlier, later } = momentsOf(wall, zone);
    return earlier !== shown.toZonedDateTime(zone, { disambiguation: 'earlier' }).epochMilliseconds || later !== shown.toZonedDateTime(zone, { disambiguation: 'later' }).epochMilliseconds;
  });
  return [...(offsetMsAt(instant, zone) === offset ? [] : [`${zone} at ${instant}`]), ...wrong.map((wall) => `${zone} when its wall shows ${dateOf(wall)} ${localTimeOf(wall)}`)];
}

describe.each(years)('what is kept of a zone in %d', (year) => {
  test('says of each instant and each reading of the wall what the engine says', () => {
    const zones = Intl.supportedValuesOf('timeZone');

    const wrong = zones.flatMap((zone) => instantsOf(zone, year).flatMap((instant) => difference(zone, instant)));

    expect(wrong).toEqual([]);
    expect(zones.length).toBeGreaterThan(400);
  }, 120_000);
});
