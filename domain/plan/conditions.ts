import type { ASTNode } from '@marcbachmann/cel-js';
import { Environment } from '@marcbachmann/cel-js';
import type { Item, Questionnaire } from '../questionnaire/format.ts';

/**
 * CEL over `answers`: numbers are `double`, choices (by option code) and texts are `string`. Nothing else can be named,
 * nothing is called but CEL's own functions, and its size is bounded.
 */
export function conditionEnvironment(questionnaire: Questionnaire): Environment {
  const fields = Object.fromEntries(questionnaire.items.map((item) => [item.id, item.kind === 'number' ? 'double' : 'string']));
  return new Environment({ limits: { maxAstNodes: 200, maxDepth: 32, maxListElements: 50, maxMapEntries: 0 } }).registerVariable({ name: 'answers', schema: fields });
}

/** What is wrong with a condition, as sentences with the column; empty when it may be published. */
export function conditionFaults(condition: string, questionnaire: Questionnaire): string[] {
  const environment = conditionEnvironment(questionnaire);
  const checked = environment.check(condition);
  if (!checked.valid) return [`${checked.error?.summary ?? 'Not a CEL condition'}${column(checked.error?.range?.start)}. ${advice(checked.error?.summary ?? '', questionnaire)}`];
  if (checked.type !== 'bool') return [`Make the condition true or false, such as answers.pain >= 8.0; this one gives ${String(checked.type)}.`];
  return nodesOf(environment.parse(condition).ast).flatMap((node) => literalFaults(node, questionnaire));
}

/** The ids of the answers that a condition names. */
export function answersNamed(ast: ASTNode): string[] {
  return [...new Set(nodesOf(ast).flatMap((node) => answerId(node) ?? []))];
}

function advice(summary: string, questionnaire: Questionnaire): string {
  if (/double/.test(summary) && /\bint\b/.test(summary)) return 'Write numbers with a decimal point, such as 8.0.';
  if (/Unknown variable|No such key/.test(summary)) return `Use one of ${questionnaire.items.map((item) => `answers.${item.id}`).join(', ')}.`;
  return 'Correct the condition, for example: answers.temperature >= 38.0 && answers.pus == "yes".';
}

/** Finds what the types allow and no patient can ever answer: a code that is no option, a number outside the item's range. */
function literalFaults(node: ASTNode, questionnaire: Questionnaire): string[] {
  switch (node.op) {
    case '[]':
      return [`Write answers.name instead of answers["name"]${column(node.start)}.`];
    case 'rcall':
      // A regular expression of the author's runs on a stranger's text, and some take for ever.
      return node.args[0] === 'matches' ? [`Use contains() instead of matches()${column(node.start)}.`] : [];
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return [...literalFault(node.args[0], node.args[1], questionnaire), ...literalFault(node.args[1], node.args[0], questionnaire)];
    case 'in': {
      const [left, right] = node.args;
      return right.op === 'list' ? right.args.flatMap((element) => literalFault(left, element, questionnaire)) : [];
    }
    default:
      return [];
  }
}

function literalFault(named: ASTNode, literal: ASTNode, questionnaire: Questionnaire): string[] {
  const id = answerId(named);
  const item = questionnaire.items.find((candidate) => candidate.id === id);
  if (item === undefined || literal.op !== 'value') return [];
  const problem = impossible(item, literal.args);
  return problem === null ? [] : [`${problem}${column(literal.start)}.`];
}

function impossible(item: Item, literal: unknown): string | null {
  if (item.kind === 'choice' && typeof literal === 'string' && !item.options.some((option) => option.code === literal)) {
    return `"${literal}" is no option of "${item.id}": write one of ${item.options.map((option) => option.code).join(', ')}`;
  }
  if (item.kind === 'number' && (typeof literal === 'number' || typeof literal === 'bigint') && (Number(literal) < item.min || Number(literal) > item.max)) {
    return `${String(literal)} can never be answered to "${item.id}": write a number from ${item.min} to ${item.max}`;
  }
  return null;
}

function answerId(node: ASTNode): string | undefined {
  if (node.op !== '.') return undefined;
  const [of, name] = node.args;
  return of.op === 'id' && of.args === 'answers' ? name : undefined;
}

function column(start: number | undefined): string {
  return start === undefined ? '' : ` at column ${start + 1}`;
}

function nodesOf(root: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const next = pending.pop();
    if (Array.isArray(next)) pending.push(...next.map((element: unknown) => element));
    else if (isNode(next)) {
      found.push(next);
      pending.push(next.args);
    }
  }
  return found;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value && 'range' in value;
}
