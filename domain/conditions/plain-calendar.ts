import type { Comparison, Expression, Span } from './expression.ts';
import { conditionFault, nearest } from './fault.ts';
import { lookUp } from './names.ts';
import type { Cursor } from './plain-cursor.ts';
import { breakOff, here, since, stands, take, takeKind, takeNumber, takeOne } from './plain-cursor.ts';
import { boundPhrases, bounds } from './plain-words.ts';
import { weekdays } from './scope.ts';

/** After "it is": a weekend, a business day, weekdays, a time of day, or days since an anchor. */
export function readCalendar(cursor: Cursor, start: Span, isNegated: boolean): Expression | null {
  const said = readDay(cursor, start);
  if (said === null) return null;
  if (isNegated && cursor.listEnd === cursor.next) return breakOff(cursor, '"is not" with "or" can be read in two ways', 'Write not (it is monday or friday).', start);
  return isNegated ? { op: 'not', of: said, at: said.at } : said;
}

function readDay(cursor: Cursor, start: Span): Expression | null {
  if (take(cursor, 'weekend')) return onDays(cursor, start, ['sat', 'sun']);
  if (take(cursor, 'businessDay')) return named(cursor, ['calendar', 'is_business_day'], since(cursor, start));
  const order = takeOne(cursor, ['before', 'after']);
  if (order !== null) {
    const token = takeKind(cursor, 'time');
    if (token === null) return breakOff(cursor, 'A time of day is missing', 'Write it as 09:30, 24 hours.');
    const value = token.text.replace('：', ':').padStart(5, '0');
    return { op: 'compare', sign: order === 'before' ? '<' : '>', left: named(cursor, ['calendar', 'local_time'], since(cursor, start)), right: { op: 'literal', value, at: { start: token.start, end: token.end } }, at: since(cursor, start) };
  }
  const first = takeOne(cursor, weekdays);
  if (first === null) {
    const isCount = cursor.tokens[cursor.next]?.kind === 'number' || stands(cursor, 'exactly') || boundPhrases.some((bound) => stands(cursor, bound));
    return isCount ? readDaysSince(cursor, start) : breakOff(cursor, 'This is nothing that the calendar tells', 'Write it is a weekend, it is a business day, it is monday, it is before 09:30, or it is 3 days since surgery.');
  }
  const days: string[] = [first];
  while (stands(cursor, 'or') && weekdays.some((day) => stands(cursor, day, 1))) {
    take(cursor, 'or');
    const next = takeOne(cursor, weekdays);
    if (next !== null) days.push(next);
    cursor.listEnd = cursor.next;
  }
  return onDays(cursor, start, days);
}

function onDays(cursor: Cursor, start: Span, days: readonly string[]): Expression {
  const at = since(cursor, start);
  const weekday = named(cursor, ['calendar', 'weekday'], at);
  const list = days.map((value): Expression => ({ op: 'literal', value, at }));
  const [only] = list;
  return list.length === 1 && only !== undefined ? { op: 'compare', sign: '==', left: weekday, right: only, at } : { op: 'among', of: weekday, list, at };
}

/** `at least 3 days since surgery`, `距 surgery 至少 3 天`. Without a bound it means exactly that many. */
export function readDaysSince(cursor: Cursor, start: Span): Expression | null {
  const chineseAnchor = take(cursor, 'distance') ? takeKind(cursor, 'word') : null;
  const bound = takeOne(cursor, boundPhrases);
  const sign: Comparison = bound === null ? '==' : bounds[bound];
  if (bound === null) take(cursor, 'exactly');
  const amount = takeNumber(cursor);
  if (amount === null) return null;
  if (!take(cursor, chineseAnchor === null ? 'daysSince' : 'days')) return breakOff(cursor, 'It is not clear what this number counts', 'Write, for example, at least 3 days since surgery.');
  const anchor = chineseAnchor ?? takeKind(cursor, 'word');
  if (anchor === null) return breakOff(cursor, 'The anchor is missing', 'Write since what the days are counted: 3 days since surgery.', here(cursor));
  const at = { start: anchor.start, end: anchor.end };
  return { op: 'compare', sign, left: named(cursor, ['calendar', 'days_since', anchor.text], at), right: amount, at: since(cursor, start) };
}

function named(cursor: Cursor, path: readonly string[], at: Span): Extract<Expression, { op: 'name' }> {
  const name = lookUp(cursor.scope, path);
  if (name === null) {
    const anchors = Object.keys(cursor.scope.calendar?.anchors ?? {});
    const anchor = path[2] ?? '';
    const meant = nearest(anchor, anchors);
    if (cursor.scope.calendar === null) cursor.faults.push(conditionFault('The calendar is not known here', at, 'Leave it out of this condition.'));
    else cursor.faults.push(conditionFault(`The plan has no anchor "${anchor}"`, at, meant === null ? `Use one of ${anchors.join(', ')}.` : `Did you mean ${meant}?`));
  }
  return { op: 'name', path: name?.path ?? path.join('.'), name, at };
}
