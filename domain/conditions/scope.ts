import type { Answers, Item } from '../questionnaire/format.ts';
import type { Fact, FactValue, Titles } from './facts.ts';

/** What is asked, as far as conditions name it; a `Questionnaire` is one. A title is said instead of the whole question. */
export interface Asked {
  items: readonly (Item & { title?: Titles | undefined })[];
  scores?: readonly { id: string; title?: Titles | undefined }[] | undefined;
}

/** What a condition may name at its place in the plan. */
export interface Scope {
  /** The questionnaire whose answers are at hand; null where nothing is asked. Its scores are named with it. */
  answers: Asked | null;
  facts: Readonly<Record<string, Fact>>;
  tags: readonly string[];
  /** Steps that come earlier in the plan and ask something, by step id, and what the plan looks back at, by its name. */
  earlier: Readonly<Record<string, { title: Titles; asked: Asked; isLookBack?: true }>>;
  /** The plan's anchors, as `plan.anchors` has them; null where there is no calendar. */
  calendar: { anchors: Readonly<Record<string, { title: Titles }>> } | null;
}

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** The patient's local day. Whole days since each anchor: 0 on its day, negative before it. */
export interface Calendar {
  weekday: (typeof weekdays)[number];
  daysSince: Readonly<Record<string, number>>;
  /** Null where no calendar of business days is known. */
  isBusinessDay: boolean | null;
  /** 1 to 12. */
  month: number;
  /** HH:MM, 24 hours. */
  localTime: string;
}

/** What is known now. A key that is absent is not known; so is a value that its declaration does not allow. */
export interface Values {
  answers: Answers;
  scores: Readonly<Record<string, number>>;
  facts: Readonly<Record<string, FactValue>>;
  tags: readonly string[] | null;
  earlier: Readonly<Record<string, Answers>>;
  /** By step id: how often in a row it went by without an answer. */
  missed: Readonly<Record<string, number>>;
  /** By anchor: whether it is known by now. */
  known: Readonly<Record<string, boolean>>;
  calendar: Calendar | null;
}

/** The scope of a rule on one questionnaire's answers, and nothing else. */
export function scopeOfAnswers(asked: Asked): Scope {
  return { answers: asked, facts: {}, tags: [], earlier: {}, calendar: null };
}

export const noValues: Values = { answers: {}, scores: {}, facts: {}, tags: null, earlier: {}, missed: {}, known: {}, calendar: null };
