import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { BusinessCalendar } from '../../../domain/time/calendar.ts';
import { localText } from '../../../domain/time/describe.ts';
import { resolveDueAt } from '../../../domain/time/due-at.ts';
import type { DuePoint } from '../../../domain/time/due-at.ts';
import { addOpenTime } from '../../../domain/time/opening.ts';
import { occurrencesOn } from '../../../domain/time/recurrence.ts';

/** What docs/time.md says is what happens. */

const page = readFileSync(new URL('../../../docs/time.md', import.meta.url), 'utf8');
const calendar = parse(/```yaml\n(?<yaml>[\s\S]*?)```/.exec(page)?.groups?.['yaml'] ?? '') as BusinessCalendar;

/** The rows of every table whose first column has this heading. */
function rowsOf(heading: string): string[][] {
  const rows: string[][] = [];
  let inside = false;
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) inside = false;
    else if (line.startsWith(`| ${heading} |`)) inside = true;
    else if (inside && !line.startsWith('| ---')) rows.push(line.split('|').slice(1).map((cell) => cell.trim().replaceAll('`', '')));
  }
  return rows;
}

describe('the page about time', () => {
  test('has its tables', () => {
    expect(['step', 'begins there', 'rule'].map((heading) => rowsOf(heading).length)).toEqual([15, 3, 4]);
  });

  test.each(rowsOf('step'))('%s in %s is due %s', (step, zone = '', due) => {
    expect(localText(resolveDueAt(parse(step) as DuePoint, zone, '08:00', calendar), zone)).toBe(`${due} ${zone}`);
  });

  test.each(rowsOf('begins there'))('from %s, %s hours of opening end %s', (begin = '', hours, end) => {
    const [date = '', localTime] = begin.split(' ');
    const from = resolveDueAt({ anchor: date, localTime }, calendar.zone);

    expect(localText(addOpenTime(calendar, from, Number(hours) * 3_600_000, { neverBeyondWallMs: 86_400_000 }), calendar.zone)).toBe(`${end} ${calendar.zone}`);
  });

  test.each(rowsOf('rule'))('%s from %s names %s', (rule = '', firstDate = '', dates) => {
    const found = occurrencesOn({ rule, firstDate, lastDate: null, at: { localTime: '09:00' }, zone: 'UTC' }, firstDate, '2036-12-31');

    expect(found.slice(0, 3).map(({ recurrenceId }) => recurrenceId).join(', ')).toBe(dates);
  });
});
