import type { Item } from '../questionnaire/format.ts';
import type { Fact, Titles } from './facts.ts';
import type { Asked, Scope } from './scope.ts';
import { weekdays } from './scope.ts';

export const roots = ['answers', 'scores', 'facts', 'earlier', 'missed', 'calendar', 'known'] as const;
export type Root = (typeof roots)[number];

/** What a name stands for: the type of its value and what the value may be. */
export type NameKind =
  | { kind: 'number'; min: number; max: number; unit: string }
  | { kind: 'choice'; options: readonly { code: string; title: Titles }[] }
  | { kind: 'text' }
  | { kind: 'yes-no' }
  | { kind: 'date' }
  | { kind: 'time' };

/** A name that a condition may use, such as `earlier.wound_day_3.pain`. */
export interface Name {
  /** As CEL writes it. */
  path: string;
  root: Root;
  /** Of the item, score, fact or calendar entry. */
  id: string;
  /** The step (`earlier`) or the anchor (`calendar.days_since`) by its own id, hyphens and all. */
  of: string | null;
  ofTitle: Titles | null;
  title: Titles | null;
  /** The question, where it has no title to be said instead. */
  question: Titles | null;
  kind: NameKind;
}

/** Steps and anchors have hyphens, which CEL reads as "minus": each is written as an underscore. Their ids have none, so no two meet. */
export function celName(id: string): string {
  return id.replaceAll('-', '_');
}

/** The name that a path such as `['earlier', 'wound_day_3', 'pain']` stands for; null when nothing is declared so. Hyphens may stand. */
export function lookUp(scope: Scope, path: readonly string[]): Name | null {
  const [root, first, second] = path;
  if (first === undefined) return null;
  const key = celName(first);
  if (path.length === 2) {
    if (root === 'answers') return answerName(scope.answers, key, null);
    if (root === 'scores') return scoreName(scope.answers, key);
    if (root === 'facts') return factName(scope.facts, key);
    if (root === 'missed') return missedName(scope.earlier, key);
    if (root === 'known' && scope.calendar !== null) return knownName(scope.calendar.anchors, key);
    if (root === 'calendar' && scope.calendar !== null) return calendarName(key);
    return null;
  }
  if (path.length !== 3 || second === undefined) return null;
  if (root === 'earlier') {
    const stepId = Object.keys(scope.earlier).find((id) => celName(id) === key);
    const step = stepId === undefined ? undefined : scope.earlier[stepId];
    return stepId === undefined || step === undefined ? null : answerName(step.asked, celName(second), { id: stepId, title: step.title });
  }
  if (root === 'calendar' && key === 'days_since' && scope.calendar !== null) return daysSince(scope.calendar.anchors, celName(second));
  return null;
}

/** Every name of the scope: to suggest the nearest, never to evaluate. */
export function allNames(scope: Scope): Name[] {
  const paths = [
    ...(scope.answers?.items ?? []).map(({ id }) => ['answers', id]),
    ...(scope.answers?.scores ?? []).map(({ id }) => ['scores', id]),
    ...Object.keys(scope.facts).map((id) => ['facts', id]),
    ...Object.entries(scope.earlier).flatMap(([stepId, { asked }]) => asked.items.map(({ id }) => ['earlier', stepId, id])),
    ...Object.entries(scope.earlier).flatMap(([stepId, { isLookBack }]) => (isLookBack === true ? [] : [['missed', stepId]])),
    ...Object.keys(scope.calendar?.anchors ?? {}).map((id) => ['known', id]),
    ...(scope.calendar === null ? [] : ['weekday', 'is_business_day', 'month', 'local_time'].map((id) => ['calendar', id])),
    ...Object.keys(scope.calendar?.anchors ?? {}).map((id) => ['calendar', 'days_since', id]),
  ];
  return paths.flatMap((path) => lookUp(scope, path) ?? []);
}

function answerName(asked: Asked | null, id: string, step: { id: string; title: Titles } | null): Name | null {
  const item = asked?.items.find((candidate) => candidate.id === id);
  if (item === undefined) return null;
  const path = step === null ? `answers.${id}` : `earlier.${celName(step.id)}.${id}`;
  return { path, root: step === null ? 'answers' : 'earlier', id, of: step?.id ?? null, ofTitle: step?.title ?? null, title: item.title ?? null, question: item.text, kind: kindOfItem(item) };
}

function kindOfItem(item: Item): NameKind {
  switch (item.kind) {
    case 'number':
      return { kind: 'number', min: item.min, max: item.max, unit: item.unit };
    case 'choice':
      return { kind: 'choice', options: item.options.map(({ code, label }) => ({ code, title: label })) };
    case 'text':
      return { kind: 'text' };
  }
}

function scoreName(asked: Asked | null, id: string): Name | null {
  const score = asked?.scores?.find((candidate) => candidate.id === id);
  if (score === undefined) return null;
  return { path: `scores.${id}`, root: 'scores', id, of: null, ofTitle: null, title: score.title ?? { en: id }, question: null, kind: anyNumber };
}

function factName(facts: Scope['facts'], id: string): Name | null {
  const fact: Fact | undefined = Object.hasOwn(facts, id) ? facts[id] : undefined;
  if (fact === undefined) return null;
  const { title, ...kind } = fact;
  return { path: `facts.${id}`, root: 'facts', id, of: null, ofTitle: null, title, question: null, kind };
}

const anyNumber: NameKind = { kind: 'number', min: -Infinity, max: Infinity, unit: '' };

const weekdayTitles: Record<(typeof weekdays)[number], Titles> = {
  mon: { en: 'Monday', zh: '星期一' },
  tue: { en: 'Tuesday', zh: '星期二' },
  wed: { en: 'Wednesday', zh: '星期三' },
  thu: { en: 'Thursday', zh: '星期四' },
  fri: { en: 'Friday', zh: '星期五' },
  sat: { en: 'Saturday', zh: '星期六' },
  sun: { en: 'Sunday', zh: '星期日' },
};

const calendarKinds: Readonly<Record<string, NameKind>> = {
  weekday: { kind: 'choice', options: weekdays.map((code) => ({ code, title: weekdayTitles[code] })) },
  is_business_day: { kind: 'yes-no' },
  month: { kind: 'number', min: 1, max: 12, unit: '' },
  local_time: { kind: 'time' },
};

function calendarName(id: string): Name | null {
  const kind = Object.hasOwn(calendarKinds, id) ? calendarKinds[id] : undefined;
  return kind === undefined ? null : { path: `calendar.${id}`, root: 'calendar', id, of: null, ofTitle: null, title: null, question: null, kind };
}

function daysSince(anchors: Readonly<Record<string, { title: Titles }>>, key: string): Name | null {
  const anchor = Object.entries(anchors).find(([id]) => celName(id) === key);
  return anchor === undefined ? null : { path: `calendar.days_since.${key}`, root: 'calendar', id: 'days_since', of: anchor[0], ofTitle: anchor[1].title, title: null, question: null, kind: anyNumber };
}

/** How often in a row a step went by without an answer, up to now. */
function missedName(earlier: Scope['earlier'], key: string): Name | null {
  const step = Object.entries(earlier).find(([id, { isLookBack }]) => celName(id) === key && isLookBack !== true);
  return step === undefined ? null : { path: `missed.${key}`, root: 'missed', id: step[0], of: null, ofTitle: null, title: step[1].title, question: null, kind: { kind: 'number', min: 0, max: Infinity, unit: '' } };
}

/** Whether an anchor is known, such as a birth that has not happened yet. */
function knownName(anchors: Readonly<Record<string, { title: Titles }>>, key: string): Name | null {
  const anchor = Object.entries(anchors).find(([id]) => celName(id) === key);
  return anchor === undefined ? null : { path: `known.${key}`, root: 'known', id: anchor[0], of: null, ofTitle: null, title: anchor[1].title, question: null, kind: { kind: 'yes-no' } };
}
