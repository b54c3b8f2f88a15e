import { z } from 'zod';
import type { Language } from '../domain/codes.ts';

/** What a look at everybody in a version answers, as far as commands print it. */
export const lookAnswer = z.looseObject({
  migrationId: z.string().optional(), total: z.number(), notYours: z.number().default(0), groups: z.array(z.looseObject({ group: z.string(), words: z.object({ en: z.string(), zh: z.string() }) })),
  enrolments: z.object({ items: z.array(z.string()), nextCursor: z.string().nullable() }).nullish(),
});

/** One line for each group, and what was done at the end. */
export function groupTable({ migrationId, total, notYours, groups, enrolments }: z.output<typeof lookAnswer>, language: Language): string {
  const isEnglish = language === 'en';
  const elsewhere = notYours === 0 ? '' : isEnglish ? `, and ${notYours} that are not in your care` : `，另有 ${notYours} 个不在您的照护范围内`;
  const counted = isEnglish ? `${total} follow-ups${elsewhere}.` : `共 ${total} 个随访${elsewhere}。`;
  const done = migrationId === undefined ? (isEnglish ? 'Nothing was changed.' : '未作任何更改。') : isEnglish ? `Ordered as ${migrationId}.` : `已下达，编号 ${migrationId}。`;
  const listed = enrolments === null || enrolments === undefined ? [] : ['', ...enrolments.items, ...(enrolments.nextCursor === null ? [] : [isEnglish ? `More: --after ${enrolments.nextCursor}` : `还有更多：--after ${enrolments.nextCursor}`])];
  return [...groups.map(({ group, words }) => `${group}  ${words[language]}`), counted, done, ...listed, ''].join('\n');
}

/** What the list of a plan's orders answers, as far as it is printed. */
export const ordersAnswer = z.looseObject({
  items: z.array(z.looseObject({ migrationId: z.string(), from: z.number(), to: z.number(), why: z.string(), orderedAt: z.string(), counts: z.record(z.string(), z.number()), refused: z.record(z.string(), z.number()) })),
});

/** One line for each order: codes and numbers, the same in every language. */
export function orderTable({ items }: z.output<typeof ordersAnswer>): string {
  const counted = (counts: Readonly<Record<string, number>>): string[] => Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
  const lines = items.map(({ migrationId, from, to, why, orderedAt, counts, refused }) => `${migrationId}  ${from} -> ${to}  ${why}  ${orderedAt}  ${counted(counts).join(', ')}${Object.keys(refused).length === 0 ? '' : ` (${counted(refused).join(', ')})`}`);
  return [...(lines.length === 0 ? ['Nothing was ordered for this plan.'] : lines), ''].join('\n');
}
