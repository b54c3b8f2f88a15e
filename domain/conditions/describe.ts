import type { Language } from '../codes.ts';
import type { Wording } from './describe-words.ts';
import { wordings } from './describe-words.ts';
import type { Comparison, Expression } from './expression.ts';
import type { Titles } from './facts.ts';
import type { Name } from './names.ts';
import { readCondition } from './read.ts';
import type { Scope } from './scope.ts';

interface Telling {
  language: Language;
  words: Wording;
}

/**
 * A condition in words, with the titles of questions, facts, steps and anchors: "the answer to “Pain now?” is at least 7".
 * The same for both forms. A condition that cannot be read is given back as it stands. Never throws.
 */
export function describe(text: string, scope: Scope, language: Language): string {
  const { expression } = readCondition(text, scope);
  return expression === null ? text : tell(expression, { language, words: wordings[language] });
}

function tell(expression: Expression, telling: Telling): string {
  const { words } = telling;
  switch (expression.op) {
    case 'literal':
      return value(expression, null, telling);
    case 'name':
      return expression.name?.kind.kind === 'yes-no' ? truth(expression.name, true, telling) : subject(expression, telling);
    case 'tagged':
      return words.tagged(expression.tag, true);
    case 'not':
      return tellNot(expression.of, telling);
    case 'negative':
      return `-${subject(expression.of, telling)}`;
    case 'and':
    case 'or': {
      const between = expression.op === 'and' ? range(expression.left, expression.right, telling) : null;
      if (between !== null) return between;
      return [expression.left, expression.right].map((side) => joined(side, expression.op, telling)).join(words[expression.op]);
    }
    case 'compare':
      return tellComparison(expression.sign, expression.left, expression.right, telling);
    case 'among':
      return tellAmong(expression.of, expression.list, telling);
    case 'arithmetic':
      return words.arithmetic[expression.sign](subject(expression.left, telling), subject(expression.right, telling));
    case 'text':
      return words.text[expression.test](subject(expression.of, telling), value(expression.part, null, telling));
    case 'choose':
      return words.choose(tell(expression.if, telling), tell(expression.then, telling), tell(expression.else, telling));
  }
}

/** One side of a chain: in brackets when it could be read together with the other side's words. */
function joined(side: Expression, chain: 'and' | 'or', telling: Telling): string {
  const isRange = side.op === 'and' && range(side.left, side.right, telling) !== null;
  const isOpen = side.op === 'choose' || ((side.op === 'and' || side.op === 'or') && side.op !== chain) || (side.op === 'among' && chain === 'and' && side.list.length > 1 && !isWeekend(side));
  return isOpen && !isRange ? telling.words.group(tell(side, telling)) : tell(side, telling);
}

function tellNot(of: Expression, telling: Telling): string {
  if (of.op === 'tagged') return telling.words.tagged(of.tag, false);
  if (of.op === 'name' && of.name?.kind.kind === 'yes-no') return truth(of.name, false, telling);
  if (isWeekend(of)) return telling.words.today(telling.words.weekend, false);
  if (of.op === 'compare' && of.sign === '==') return tellComparison('!=', of.left, of.right, telling);
  return telling.words.not(tell(of, telling));
}

function tellComparison(sign: Comparison, left: Expression, right: Expression, telling: Telling): string {
  const { words } = telling;
  if (left.op === 'literal' && right.op !== 'literal') return tellComparison(mirrored[sign], right, left, telling);
  const change = left.op === 'arithmetic' && left.sign === '-' && sign === '>=' ? tellChange(left.left, left.right, right, telling) : null;
  if (change !== null) return change;
  const name = left.op === 'name' ? left.name : null;
  const said = value(right, name, telling);
  if (name?.kind.kind === 'yes-no' && right.op === 'literal' && typeof right.value === 'boolean' && (sign === '==' || sign === '!=')) return truth(name, right.value === (sign === '=='), telling);
  if (name?.kind.kind === 'date' && sign !== '==' && sign !== '!=') return words.date[sign](subject(left, telling), said);
  if (name?.root !== 'calendar') return words.compare[sign](subject(left, telling), said);
  if (name.id === 'weekday' && (sign === '==' || sign === '!=')) return words.today(said, sign === '==');
  if (name.id === 'local_time') return words.clock[sign](said);
  if (name.id === 'days_since' && right.op === 'literal') return words.daysSince[sign](said, title(name.ofTitle, telling));
  return words.compare[sign](subject(left, telling), said);
}

const mirrored: Record<Comparison, Comparison> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** The same item now and earlier: "up by at least 3 since". */
function tellChange(left: Expression, right: Expression, amount: Expression, telling: Telling): string | null {
  if (left.op !== 'name' || right.op !== 'name' || left.name === null || right.name === null || left.name.id !== right.name.id) return null;
  const isUp = left.name.root === 'answers' && right.name.root === 'earlier';
  if (!isUp && !(left.name.root === 'earlier' && right.name.root === 'answers')) return null;
  const [now, before] = isUp ? [left.name, right.name] : [right.name, left.name];
  return telling.words.change(nameWords(now, telling), title(before.ofTitle, telling), isUp, value(amount, now, telling));
}

function range(left: Expression, right: Expression, telling: Telling): string | null {
  if (left.op !== 'compare' || right.op !== 'compare' || left.sign !== '>=' || right.sign !== '<=') return null;
  if (left.left.op !== 'name' || right.left.op !== 'name' || left.left.name === null || left.left.path !== right.left.path || left.left.name.root === 'calendar') return null;
  return telling.words.between(nameWords(left.left.name, telling), value(left.right, null, telling), value(right.right, left.left.name, telling));
}

function tellAmong(of: Expression, list: readonly Expression[], telling: Telling): string {
  const { words } = telling;
  if (isWeekend({ op: 'among', of, list, at: of.at })) return words.today(words.weekend, true);
  const name = of.op === 'name' ? of.name : null;
  const said = list.map((element) => value(element, name, telling)).join(telling.language === 'en' ? words.or : '或');
  return name?.root === 'calendar' && name.id === 'weekday' ? words.today(said, true) : words.compare['=='](subject(of, telling), said);
}

function isWeekend(expression: Expression): boolean {
  if (expression.op !== 'among' || expression.of.op !== 'name' || expression.of.path !== 'calendar.weekday' || expression.list.length !== 2) return false;
  return ['sat', 'sun'].every((day) => expression.list.some((element) => element.op === 'literal' && element.value === day));
}

function truth(name: Name, isYes: boolean, telling: Telling): string {
  const { words } = telling;
  if (name.root === 'calendar') return words.today(words.businessDay, isYes);
  if (name.root === 'known') return words.known(title(name.title, telling), isYes);
  return words.compare['=='](nameWords(name, telling), isYes ? words.yes : words.no);
}

/** An expression as what something is said about, or as what it is compared with. */
function subject(expression: Expression, telling: Telling): string {
  if (expression.op === 'name') return expression.name === null ? expression.path : nameWords(expression.name, telling);
  return expression.op === 'literal' || expression.op === 'negative' ? tell(expression, telling) : telling.words.group(tell(expression, telling));
}

function nameWords(name: Name, telling: Telling): string {
  const { words } = telling;
  switch (name.root) {
    case 'answers':
      return answerWords(name, telling);
    case 'earlier':
      return words.during(title(name.ofTitle, telling), answerWords(name, telling));
    case 'facts':
      return title(name.title, telling);
    case 'scores':
      return words.score(title(name.title, telling));
    case 'missed':
      return words.missed(title(name.title, telling));
    case 'known':
      return title(name.title, telling);
    case 'calendar':
      if (name.id === 'days_since') return words.daysSinceNumber(title(name.ofTitle, telling));
      return name.id === 'month' ? words.month : words.time;
  }
}

function answerWords({ title: short, question, id }: Name, telling: Telling): string {
  if (short !== null) return title(short, telling);
  return telling.words.answerTo(question === null ? id : whatIsAsked(title(question, telling)));
}

/** The first sentence of a question asks; what follows explains the scale. */
export function whatIsAsked(question: string): string {
  return /^[^?？]*[?？]/u.exec(question)?.[0] ?? question.replace(/[.。]$/u, '');
}

function title(titles: Titles | null, { language }: Telling): string {
  return titles === null ? '' : (titles[language] ?? titles.en);
}

/** A value as its name's declaration calls it: an option's title, a number with its unit. */
function value(expression: Expression, name: Name | null, telling: Telling): string {
  if (expression.op !== 'literal') return subject(expression, telling);
  const said = expression.value;
  if (typeof said === 'boolean') return said ? telling.words.yes : telling.words.no;
  const kind = name?.kind;
  if (typeof said === 'number') return kind?.kind === 'number' && kind.unit !== '' ? `${said} ${kind.unit}` : String(said);
  const option = kind?.kind === 'choice' ? kind.options.find(({ code }) => code === said) : undefined;
  if (option !== undefined && name?.root === 'calendar') return title(option.title, telling);
  if (kind?.kind === 'time' || kind?.kind === 'date') return said;
  return telling.words.quote(option === undefined ? said : title(option.title, telling));
}
