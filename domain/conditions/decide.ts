import type { Comparison, Expression, Literal } from './expression.ts';
import type { Name } from './names.ts';
import type { Values } from './scope.ts';
import { typeOfKind, typeOfLiteral } from './types.ts';

/**
 * The value of an expression; undefined where it is not known. CEL's logic for what is missing: `a || b` is true when one
 * side is, `a && b` is false when one side is, everything else needs all its parts. Filling in a missing value can therefore
 * turn "unknown" into an answer and never an answer into another. Total: no value and no expression makes it throw.
 */
export function valueOf(expression: Expression, values: Values): Literal | undefined {
  switch (expression.op) {
    case 'literal':
      return expression.value;
    case 'name':
      return expression.name === null ? undefined : given(expression.name, values);
    case 'tagged':
      return values.tags?.includes(expression.tag);
    case 'not': {
      const of = valueOf(expression.of, values);
      return typeof of === 'boolean' ? !of : undefined;
    }
    case 'negative': {
      const of = valueOf(expression.of, values);
      return typeof of === 'number' ? -of : undefined;
    }
    case 'and':
    case 'or': {
      const decisive = expression.op === 'or';
      const sides = [valueOf(expression.left, values), valueOf(expression.right, values)];
      if (sides.includes(decisive)) return decisive;
      return sides.every((side) => side === !decisive) ? !decisive : undefined;
    }
    case 'compare':
      return compare(expression.sign, valueOf(expression.left, values), valueOf(expression.right, values));
    case 'arithmetic':
      return compute(expression.sign, valueOf(expression.left, values), valueOf(expression.right, values));
    case 'among': {
      const of = valueOf(expression.of, values);
      const found = expression.list.map((element) => compare('==', of, valueOf(element, values)));
      return found.includes(undefined) ? undefined : found.includes(true);
    }
    case 'text': {
      const of = valueOf(expression.of, values);
      const part = valueOf(expression.part, values);
      return typeof of === 'string' && typeof part === 'string' ? of[expression.test === 'contains' ? 'includes' : expression.test](part) : undefined;
    }
    case 'choose': {
      const condition = valueOf(expression.if, values);
      if (typeof condition !== 'boolean') return undefined;
      return valueOf(condition ? expression.then : expression.else, values);
    }
  }
}

/**
 * The value of a name, undefined when it is not known or not of the declared type. A number out of its range counts:
 * what somebody recorded beyond it is nothing to fall silent about.
 */
export function given(name: Name, values: Values): Literal | undefined {
  const value = rawValue(name, values);
  if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'boolean') return undefined;
  if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
  return typeOfLiteral(value) === typeOfKind(name.kind) ? value : undefined;
}

function rawValue({ root, id, of }: Name, values: Values): unknown {
  switch (root) {
    case 'answers':
      return own(values.answers, id);
    case 'scores':
      return own(values.scores, id);
    case 'facts':
      return own(values.facts, id);
    case 'earlier':
      return own(own(values.earlier, of ?? ''), id);
    case 'missed':
      return own(values.missed, id);
    case 'known':
      return own(values.known, id);
    case 'calendar':
      if (values.calendar === null) return undefined;
      return of === null ? calendarValue(values.calendar, id) : own(values.calendar.daysSince, of);
  }
}

function calendarValue(calendar: NonNullable<Values['calendar']>, id: string): unknown {
  switch (id) {
    case 'weekday':
      return calendar.weekday;
    case 'is_business_day':
      return calendar.isBusinessDay;
    case 'month':
      return calendar.month;
    case 'local_time':
      return calendar.localTime;
    default:
      return undefined;
  }
}

/** Never what every object has: an item may be called "constructor". */
function own(record: unknown, key: string): unknown {
  return typeof record === 'object' && record !== null && Object.hasOwn(record, key) ? Reflect.get(record, key) : undefined;
}

function compare(sign: Comparison, left: Literal | undefined, right: Literal | undefined): boolean | undefined {
  if (left === undefined || right === undefined || typeof left !== typeof right) return undefined;
  switch (sign) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

/**
 * To twelve digits, which is more than any answer has: in binary 64.1 - 62.1 is a little less than 2, and a patient who
 * gained two kilograms would not have gained "at least 2".
 */
function compute(sign: '+' | '-' | '*' | '/', left: Literal | undefined, right: Literal | undefined): number | undefined {
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  const exact = sign === '+' ? left + right : sign === '-' ? left - right : sign === '*' ? left * right : left / right;
  return Number.isFinite(exact) ? Number(exact.toPrecision(12)) : undefined;
}
