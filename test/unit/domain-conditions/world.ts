import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { factsSchema, tagsSchema } from '../../../domain/conditions/facts.ts';
import type { Calendar, Scope, Values } from '../../../domain/conditions/scope.ts';
import { noValues } from '../../../domain/conditions/scope.ts';
import { shipped } from '../domain-dialogue/questionnaires.ts';

export const guide = readFileSync(new URL('../../../docs/conditions.md', import.meta.url), 'utf8');

const declared = z.strictObject({ facts: factsSchema, tags: tagsSchema }).parse(parse(/```yaml\n(.*?)```/s.exec(guide)?.[1] ?? ''));
const wound = shipped('wound-check');

/** The plan that docs/conditions.md speaks of. */
export const scope: Scope = {
  answers: { ...wound, scores: [{ id: 'healing', title: { en: 'healing', zh: '愈合' } }] },
  facts: declared.facts,
  tags: declared.tags,
  earlier: { 'wound-day-3': { title: { en: 'Day 3', zh: '第三天' }, asked: wound }, pain: { title: { en: 'Pain' }, asked: shipped('pain-check') } },
  calendar: { anchors: { surgery: { title: { en: 'the surgery', zh: '手术' } }, 'last-visit': { title: { en: 'the last visit' } } } },
};

const monday: Calendar = { weekday: 'mon', daysSince: {}, isBusinessDay: null, month: 3, localTime: '09:30' };

/** What is known, with nothing else known. */
export function knowing(values: Partial<Omit<Values, 'calendar'>> & { calendar?: Partial<Calendar> }): Values {
  return { ...noValues, ...values, calendar: values.calendar === undefined ? null : { ...monday, ...values.calendar } };
}

/** The rows of a table of the guide: what stands in each cell, without the marks of code. */
export function rowsUnder(heading: string): string[][] {
  const section = guide.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<= )\|(?= )|\|$|^\|/).map((cell) => cell.trim().replace(/^`(.*)`$/, '$1')).filter((cell) => cell !== ''));
}
