import { z } from 'zod';
import { assertNever } from '../codes.ts';
import { isAnchor } from '../time/due-at.ts';

/**
 * What a plan declares that its conditions may name, as zod types for `domain/plan/format.ts`. A fact's name has
 * underscores, never hyphens, because CEL reads a hyphen as "minus".
 */
const titles = z.strictObject({ en: z.string().min(1).max(120), zh: z.string().min(1).max(120).optional() });
const name = z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'Use lower-case letters, digits and underscores, beginning with a letter.');
const tag = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Use lower-case letters, digits and hyphens, beginning with a letter.');

const yesNo = z.strictObject({ kind: z.literal('yes-no'), title: titles });
const number = z.strictObject({ kind: z.literal('number'), title: titles, unit: z.string().max(16).default(''), min: z.number(), max: z.number() });
const choice = z.strictObject({ kind: z.literal('choice'), title: titles, options: z.array(z.strictObject({ code: name, title: titles })).min(2).max(50) });
/** A day of the calendar, written 2026-03-29. */
const date = z.strictObject({ kind: z.literal('date'), title: titles });

export const factSchema = z.discriminatedUnion('kind', [yesNo, number, choice, date]);
export const factsSchema = z.record(name, factSchema);
export const tagsSchema = z.array(tag).max(100);

export type Fact = z.infer<typeof factSchema>;
export type FactValue = number | string | boolean;
export type Titles = z.infer<typeof titles>;

/** What is wrong with a value that is to be kept as this fact, as a sentence; null when nothing is. */
export function factFault(fact: Fact, value: unknown): string | null {
  switch (fact.kind) {
    case 'yes-no':
      return typeof value === 'boolean' ? null : 'Write true or false.';
    case 'number':
      return typeof value === 'number' && value >= fact.min && value <= fact.max ? null : `Write a number from ${fact.min} to ${fact.max}.`;
    case 'choice':
      return fact.options.some(({ code }) => code === value) ? null : `Write one of ${fact.options.map(({ code }) => code).join(', ')}.`;
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && isAnchor(value) ? null : 'Write a day that exists, from 1900 to 2099, as YYYY-MM-DD.';
    default:
      return assertNever(fact);
  }
}
