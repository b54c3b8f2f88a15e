import chineseDays from 'chinese-days';
import Holidays from 'date-holidays';
import { Temporal } from 'temporal-polyfill';
import { TimeError } from './time-error.ts';

/** The public holidays of a region in one year, as dates `YYYY-MM-DD`. */
export interface HolidayYear {
  /** False when they have not been published yet, or not reached the library: nothing is guessed then. */
  known: boolean;
  closed: ReadonlySet<string>;
  /** Days of the weekend that are worked to make up for a holiday (调休). */
  workdays: ReadonlySet<string>;
}

const years = new Map<string, HolidayYear>();

/** True for a region whose holidays are known to a library: `CN`, `US`, or with a part of the country, `GB-ENG`. */
export function isHolidayRegion(region: string): boolean {
  if (region === 'CN') return true;
  const [country = '', part] = split(region);
  const all = new Holidays();
  return Object.hasOwn(all.getCountries(), country) && (part === undefined || Object.hasOwn({ ...all.getStates(country) }, part));
}

/**
 * Mainland China by chinese-days, which follows the State Council's yearly notice with its make-up workdays; every other
 * region by date-holidays: public holidays of whole days, with their substitutes.
 */
export function holidaysIn(region: string, year: number): HolidayYear {
  const key = `${region} ${year}`;
  const found = years.get(key) ?? (region === 'CN' ? chineseYear(year) : otherYear(region, year));
  years.set(key, found);
  return found;
}

function chineseYear(year: number): HolidayYear {
  const closed = new Set<string>();
  const workdays = new Set<string>();
  for (let day = new Date(Date.UTC(year, 0, 1)); day.getUTCFullYear() === year; day = new Date(day.getTime() + 86_400_000)) {
    // The library reads the host's own calendar: noon there is on the date meant, wherever the host stands.
    const { work, name } = chineseDays.getDayDetail(new Date(year, day.getUTCMonth(), day.getUTCDate(), 12));
    // "Spring Festival,春节,4" is an entry of the notice; any other day has its weekday as its name.
    if (name.includes(',')) (work ? workdays : closed).add(day.toISOString().slice(0, 10));
  }
  return { known: closed.size > 0, closed, workdays };
}

function otherYear(region: string, year: number): HolidayYear {
  if (!isHolidayRegion(region)) throw new TimeError('bad-region', `Give the region of the holidays by its code, such as CN, US or GB-ENG; "${region}" is none.`);
  const [country = '', part] = split(region);
  const library = part === undefined ? new Holidays(country, { types: ['public'] }) : new Holidays(country, part, { types: ['public'] });
  const zone = library.getTimezones()[0] ?? 'UTC';
  // A holiday of several days can begin in the year before.
  const dates = [year - 1, year].flatMap((each) => library.getHolidays(each)).flatMap(({ start, end }) => closedDates(wallOf(start, zone), wallOf(end, zone)));
  const closed = new Set(dates.filter((date) => date.startsWith(`${year}-`)));
  return { known: closed.size > 0, closed, workdays: new Set() };
}

/** The dates whose day from 08:00 to 18:00 lies within: a holiday may run from evening to evening, and a half-day closes nothing. */
function closedDates(start: Temporal.PlainDateTime, end: Temporal.PlainDateTime): string[] {
  const days = start.until(end, { largestUnit: 'day' }).days + 1;
  const dates = Array.from({ length: days + 1 }, (_, day) => start.toPlainDate().add({ days: day }));
  const within = (date: Temporal.PlainDate): boolean =>
    Temporal.PlainDateTime.compare(start, date.toPlainDateTime('08:00')) <= 0 && Temporal.PlainDateTime.compare(date.toPlainDateTime('18:00'), end) <= 0;
  return dates.filter(within).map(String);
}

function wallOf(instant: Date, zone: string): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone).toPlainDateTime();
}

/** `GB-ENG` is a part of a country; codes of countries hold no hyphen. */
function split(region: string): string[] {
  return region.split('-', 2);
}
