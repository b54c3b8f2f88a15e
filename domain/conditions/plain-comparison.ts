import type { Comparison, Expression, Span } from './expression.ts';
import { conditionFault, nearest } from './fault.ts';
import type { Name } from './names.ts';
import { lookUp } from './names.ts';
import { readCalendar, readDaysSince } from './plain-calendar.ts';
import type { Cursor } from './plain-cursor.ts';
import { breakOff, here, nextText, since, stands, take, takeKind, takeNumber, takeOne } from './plain-cursor.ts';
import { readSubject } from './plain-subject.ts';
import { boundPhrases, bounds, predicates } from './plain-words.ts';
import { example, shortName } from './types.ts';

type Subject = Extract<Expression, { op: 'name' }>;

/** One comparison: of a name with values, of a tag, of the calendar. */
export function readComparison(cursor: Cursor): Expression | null {
  const start = here(cursor);
  const isTagged = take(cursor, 'tagged');
  if (isTagged || take(cursor, 'notTagged')) return readTag(cursor, start, isTagged);
  const calendar = takeOne(cursor, ['itIsNot', 'itIs']);
  if (calendar !== null) return readCalendar(cursor, start, calendar === 'itIsNot');
  if (stands(cursor, 'distance') || stands(cursor, 'exactly') || boundPhrases.some((bound) => stands(cursor, bound)) || cursor.tokens[cursor.next]?.kind === 'number') return readDaysSince(cursor, start);
  const subject = readSubject(cursor);
  return subject === null ? null : readPredicate(cursor, subject, start);
}

function readTag(cursor: Cursor, start: Span, isTagged: boolean): Expression | null {
  const token = takeKind(cursor, 'word') ?? takeKind(cursor, 'quoted');
  if (token === null) return breakOff(cursor, 'A tag is missing', 'Write it after "tagged": tagged frail.');
  const tagged: Expression = { op: 'tagged', tag: token.text, at: { start: token.start, end: token.end } };
  return isTagged ? tagged : { op: 'not', of: tagged, at: since(cursor, start) };
}

function readPredicate(cursor: Cursor, subject: Subject, start: Span): Expression | null {
  const bound = takeOne(cursor, boundPhrases);
  if (bound !== null) return comparedWithNumber(cursor, subject, bounds[bound], start);
  if (take(cursor, 'isNot')) return readIsNot(cursor, subject, start);
  if (take(cursor, 'is')) return readIs(cursor, subject, start);
  if (take(cursor, 'between')) return readBetween(cursor, subject, start);
  if (take(cursor, 'contains')) {
    const token = takeKind(cursor, 'quoted') ?? takeKind(cursor, 'word');
    if (token === null) return breakOff(cursor, 'The text that is sought is missing', 'Write it in quotes, such as contains "dizzy".');
    return { op: 'text', test: 'contains', of: subject, part: { op: 'literal', value: token.text, at: { start: token.start, end: token.end } }, at: since(cursor, start) };
  }
  const order = takeOne(cursor, ['before', 'after']);
  if (order !== null) {
    const token = takeKind(cursor, 'date') ?? takeKind(cursor, 'time');
    if (token === null) return breakOff(cursor, 'A date is missing', `Write it as 2026-03-29.`);
    return { op: 'compare', sign: order === 'before' ? '<' : '>', left: subject, right: { op: 'literal', value: token.text, at: { start: token.start, end: token.end } }, at: since(cursor, start) };
  }
  const change = takeOne(cursor, ['upBy', 'downBy']);
  if (change !== null) {
    const amount = takeNumber(cursor);
    if (amount === null) return null;
    if (!take(cursor, 'since')) return breakOff(cursor, 'The earlier step is missing', `Write since which step: ${subject.path.split('.').at(-1) ?? ''} up by 3 since wound-day-3.`);
    return readChange(cursor, subject, change === 'upBy', amount, start);
  }
  if (take(cursor, 'comparedWith')) return readComparedWith(cursor, subject, start);
  const found = nextText(cursor);
  const meant = found === null ? null : nearest(found.toLowerCase(), [...predicates, ...predicates.map((words) => words.replaceAll(' ', ''))]);
  const advice = subject.name === null ? 'Write, for example, pain at least 7, or wound is pus.' : example(subject.name, 'plain');
  if (found === null) return breakOff(cursor, `What "${subject.name === null ? subject.path : shortName(subject.name)}" must be is missing`, advice);
  return breakOff(cursor, `"${found}" is not understood`, meant === null ? advice : `Did you mean ${predicates.find((words) => words.replaceAll(' ', '') === meant) ?? meant}? ${advice}`);
}

function comparedWithNumber(cursor: Cursor, subject: Subject, sign: Comparison, start: Span): Expression | null {
  const right = takeNumber(cursor);
  return right === null ? null : { op: 'compare', sign, left: subject, right, at: since(cursor, start) };
}

function readIsNot(cursor: Cursor, subject: Subject, start: Span): Expression | null {
  const right = readValue(cursor, subject.name);
  if (right === null) return null;
  const at = here(cursor);
  if (stands(cursor, 'or') && isValueAhead(cursor)) return breakOff(cursor, '"is not" with "or" can be read in two ways', 'Write not (wound is pus or open), or else wound is not pus or wound is not open.', at);
  return { op: 'compare', sign: '!=', left: subject, right, at: since(cursor, start) };
}

function readIs(cursor: Cursor, subject: Subject, start: Span): Expression | null {
  const first = readValue(cursor, subject.name);
  if (first === null) return null;
  const list = [first];
  while (stands(cursor, 'or') && isValueAhead(cursor)) {
    take(cursor, 'or');
    const next = readValue(cursor, subject.name);
    if (next === null) return null;
    list.push(next);
  }
  if (list.length > 1) cursor.listEnd = cursor.next;
  return list.length === 1 ? { op: 'compare', sign: '==', left: subject, right: first, at: since(cursor, start) } : { op: 'among', of: subject, list, at: since(cursor, start) };
}

/** After "or": one word that nothing is said about is another value; anything longer is the next condition. */
function isValueAhead(cursor: Cursor): boolean {
  const after = cursor.tokens[cursor.next + 2];
  return cursor.tokens[cursor.next + 1] !== undefined && (after === undefined || after.kind === 'close' || stands(cursor, 'and', 2) || stands(cursor, 'or', 2));
}

function readValue(cursor: Cursor, name: Name | null): Expression | null {
  const token = cursor.tokens[cursor.next];
  if (token === undefined || token.kind === 'open' || token.kind === 'close' || token.kind === 'other') return breakOff(cursor, 'A value is missing', name === null ? 'Write it after "is".' : example(name, 'plain'));
  const at = { start: token.start, end: token.end };
  const truth = name?.kind.kind === 'yes-no' ? takeOne(cursor, ['yes', 'no']) : null;
  if (truth !== null) return { op: 'literal', value: truth === 'yes', at };
  cursor.next++;
  return { op: 'literal', value: token.kind === 'number' ? Number(token.text) : token.text, at };
}

function readBetween(cursor: Cursor, subject: Subject, start: Span): Expression | null {
  const low = takeNumber(cursor);
  if (low === null) return null;
  if (!take(cursor, 'betweenAnd')) return breakOff(cursor, 'The second number is missing', 'Write both: between 4 and 6.');
  const high = takeNumber(cursor);
  if (high === null) return null;
  take(cursor, 'betweenEnd');
  const at = since(cursor, start);
  if (low.value >= high.value) cursor.faults.push(conditionFault('The numbers stand in the wrong order', { start: low.at.start, end: high.at.end }, 'Write the smaller one first: between 4 and 6.'));
  return { op: 'and', left: { op: 'compare', sign: '>=', left: subject, right: low, at }, right: { op: 'compare', sign: '<=', left: subject, right: high, at }, at };
}

/** 比: `pain 比 wound-day-3 高 3`. */
function readComparedWith(cursor: Cursor, subject: Subject, start: Span): Expression | null {
  const from = cursor.next;
  if (takeKind(cursor, 'word') === null) return breakOff(cursor, 'The earlier step is missing', 'Write it, such as pain 比 wound-day-3 高 3.');
  const direction = takeOne(cursor, ['higherBy', 'lowerBy']);
  if (direction === null) return breakOff(cursor, 'The direction is missing', 'Write 高 or 低, such as pain 比 wound-day-3 高 3.');
  const amount = takeNumber(cursor);
  if (amount === null) return null;
  const end = cursor.next;
  cursor.next = from;
  const change = readChange(cursor, subject, direction === 'higherBy', amount, start);
  cursor.next = end;
  return change;
}

/** The same item, now and in an earlier step. The step stands here. */
function readChange(cursor: Cursor, subject: Subject, isUp: boolean, amount: Expression, start: Span): Expression | null {
  const step = takeKind(cursor, 'word');
  if (step === null) return breakOff(cursor, 'The earlier step is missing', 'Write its id, such as since wound-day-3.');
  const at = { start: step.start, end: step.end };
  const id = subject.path.split('.').at(-1) ?? '';
  const path = ['earlier', step.text, id];
  const name = lookUp(cursor.scope, path);
  if (name === null && subject.name !== null) {
    const steps = Object.keys(cursor.scope.earlier);
    const meant = nearest(step.text, steps);
    const askedIn = steps.filter((stepId) => lookUp(cursor.scope, ['earlier', stepId, id]) !== null);
    const advice = askedIn.length === 0 ? `No earlier step asks "${id}".` : `Use one of the steps that ask it: ${askedIn.join(', ')}.`;
    cursor.faults.push(conditionFault(steps.includes(step.text) ? `The step "${step.text}" does not ask "${id}"` : `No earlier step is called "${step.text}"`, at, meant === null || meant === step.text ? advice : `Did you mean ${meant}? ${advice}`));
  }
  const before: Expression = { op: 'name', path: name?.path ?? path.join('.'), name, at };
  const whole = since(cursor, start);
  const change: Expression = { op: 'arithmetic', sign: '-', left: isUp ? subject : before, right: isUp ? before : subject, at: whole };
  return { op: 'compare', sign: '>=', left: change, right: amount, at: whole };
}
