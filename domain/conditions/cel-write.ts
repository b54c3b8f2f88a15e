import type { Expression } from './expression.ts';
import { readCondition } from './read.ts';
import type { Scope } from './scope.ts';

/** The CEL that a condition means, for one who knows CEL and reads a plain one; null when it cannot be read. */
export function celOf(text: string, scope: Scope): string | null {
  const { expression } = readCondition(text, scope);
  return expression === null ? null : write(expression);
}

function write(expression: Expression): string {
  switch (expression.op) {
    case 'literal':
      return typeof expression.value === 'number' ? decimal(expression.value) : JSON.stringify(expression.value);
    case 'name':
      return expression.path;
    case 'tagged':
      return `${JSON.stringify(expression.tag)} in tags`;
    case 'not':
      return `!${grouped(expression.of)}`;
    case 'negative':
      return `-${grouped(expression.of)}`;
    case 'and':
      return `${grouped(expression.left, 'and')} && ${grouped(expression.right, 'beside')}`;
    case 'or':
      return `${grouped(expression.left, 'or')} || ${grouped(expression.right, 'beside')}`;
    case 'compare':
    case 'arithmetic':
      return `${grouped(expression.left)} ${expression.sign} ${grouped(expression.right)}`;
    case 'among':
      return `${grouped(expression.of)} in [${expression.list.map(write).join(', ')}]`;
    case 'text':
      return `${grouped(expression.of)}.${expression.test}(${write(expression.part)})`;
    case 'choose':
      return `${grouped(expression.if)} ? ${grouped(expression.then)} : ${grouped(expression.else)}`;
  }
}

/** With a point, so that any CEL reads a number of the kind that answers are. */
function decimal(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toFixed(1) : String(value);
}

/** In brackets unless it stands for itself. Beside "&&" or "||" a comparison needs none, and on the left the same chain none. */
function grouped(expression: Expression, place?: 'and' | 'or' | 'beside'): string {
  const isSimple = ['literal', 'name', 'text', place].includes(expression.op);
  const isComparison = ['compare', 'among', 'tagged', 'not'].includes(expression.op);
  return isSimple || (place !== undefined && isComparison) ? write(expression) : `(${write(expression)})`;
}
