import { dateMs } from './local-times.ts';

/** The parts of a rule by their RFC 5545 names, each with its values; nothing else is in it than what is checked here. */
type RuleParts = Map<string, string[]>;

const day = '(MO|TU|WE|TH|FR|SA|SU)';
const partShapes: Readonly<Record<string, { shape: RegExp; say: string }>> = {
  FREQ: { shape: /^(DAILY|WEEKLY|MONTHLY|YEARLY)$/, say: 'Begin the rule with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY.' },
  INTERVAL: { shape: /^[1-9]\d{0,2}$/, say: 'Give INTERVAL as a whole number from 1 to 999.' },
  BYDAY: { shape: new RegExp(`^([+-]?[1-5])?${day}$`), say: 'Give BYDAY as weekdays such as MO,TH, or in a month as 1MO or -1FR.' },
  BYMONTHDAY: { shape: /^-?([1-9]|[12]\d|3[01])$/, say: 'Give BYMONTHDAY as days from 1 to 31, or from -1 (the last) to -31.' },
  BYMONTH: { shape: /^([1-9]|1[0-2])$/, say: 'Give BYMONTH as months from 1 to 12.' },
  BYSETPOS: { shape: /^-?[1-9]\d{0,2}$/, say: 'Give BYSETPOS as positions such as 1 (the first) or -1 (the last).' },
  COUNT: { shape: /^[1-9]\d{0,3}$/, say: 'Give COUNT as a whole number from 1 to 9999.' },
  UNTIL: { shape: /^\d{8}$/, say: 'Give UNTIL as a date such as 20261231; it is the last day, in the time zone of the patient.' },
  WKST: { shape: new RegExp(`^${day}$`), say: 'Give WKST as the first day of the week, such as MO.' },
};
const lists = ['BYDAY', 'BYMONTHDAY', 'BYMONTH', 'BYSETPOS'];
const longestMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * What is wrong with a recurrence rule, in sentences for its author; empty when it can be used.
 *
 * The subset of RFC 5545: FREQ of days, weeks, months or years; INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST; COUNT or UNTIL. The time
 * of day is no part of a rule: it is the step's local time, so that a rule yields at most one occurrence a day.
 */
export function recurrenceFaults(text: string): string[] {
  const parts: RuleParts = new Map();
  const faults: string[] = [];
  for (const part of text.split(';')) {
    const [name = '', value = '', ...rest] = part.split('=');
    const known = Object.hasOwn(partShapes, name) ? partShapes[name] : undefined;
    if (known === undefined) faults.push(unknownPart(name));
    else if (parts.has(name)) faults.push(`Give ${name} once.`);
    else if (name === 'FREQ' && /^(HOURLY|MINUTELY|SECONDLY)$/.test(value)) faults.push('A rule repeats at most daily: give several steps for several times a day.');
    else {
      const values = lists.includes(name) ? value.split(',') : [value];
      if (rest.length > 0 || !values.every((one) => known.shape.test(one))) faults.push(known.say);
      parts.set(name, values);
    }
  }
  return faults.length > 0 ? faults : partsTogether(parts);
}

function unknownPart(name: string): string {
  if (/^BY(HOUR|MINUTE|SECOND)$/.test(name)) return `Leave out ${name}: the time of day is the step's local time.`;
  if (name === 'RRULE:FREQ' || name.startsWith('DTSTART')) return 'Write the rule alone, such as FREQ=WEEKLY;BYDAY=MO: without RRULE: and without DTSTART.';
  return `"${name}" is no part of a rule here; use ${Object.keys(partShapes).join(', ')}, in capitals and with semicolons between them.`;
}

function partsTogether(parts: RuleParts): string[] {
  const frequency = parts.get('FREQ')?.[0];
  const faults: string[] = [];
  const refuse = (wrong: boolean, say: string): void => void faults.push(...(wrong ? [say] : []));
  const ordinal = parts.get('BYDAY')?.some((value) => value.length > 2) === true;
  refuse(frequency === undefined, 'Begin the rule with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY.');
  refuse(parts.has('COUNT') && parts.has('UNTIL'), 'Give either COUNT or UNTIL, not both.');
  refuse(!isUntil(parts.get('UNTIL')?.[0]), 'Give UNTIL as an existing day, such as 20261231.');
  refuse(parts.has('BYMONTHDAY') && frequency === 'WEEKLY', 'BYMONTHDAY has no meaning in a weekly rule: use FREQ=MONTHLY.');
  refuse(ordinal && frequency !== 'MONTHLY' && !(frequency === 'YEARLY' && parts.has('BYMONTH')), 'A weekday with a number, such as 1MO, needs FREQ=MONTHLY, or FREQ=YEARLY with BYMONTH.');
  refuse(parts.has('BYSETPOS') && !['BYDAY', 'BYMONTHDAY', 'BYMONTH'].some((name) => parts.has(name)), 'BYSETPOS chooses among days: give BYDAY, BYMONTHDAY or BYMONTH beside it.');
  refuse(!hasDay(parts), 'The months named have no such day.');
  return faults;
}

/** Whether any month of the rule ever has any of its days: 30 February would be looked for for ever. */
function hasDay(parts: RuleParts): boolean {
  const months = parts.get('BYMONTH')?.map(Number) ?? [1];
  const days = parts.get('BYMONTHDAY')?.map((value) => Math.abs(Number(value))) ?? [1];
  return days.some((value) => months.some((month) => value <= (longestMonth[month - 1] ?? 31)));
}

function isUntil(value: string | undefined): boolean {
  if (value === undefined) return true;
  try {
    dateMs(`${value.slice(0, 4)}-${value.slice(4, 6)}-${value.slice(6)}`);
    return true;
  } catch {
    return false;
  }
}
