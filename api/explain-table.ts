import { z } from 'zod';
import type { Language } from '../domain/codes.ts';

const words = z.object({ en: z.string(), zh: z.string() });

/** What `explain` answers, as far as it is printed. */
export const explainAnswer = z.looseObject({
  enrolmentId: z.string(), status: z.enum(['active', 'paused', 'ended']), zone: z.string(),
  next: z.looseObject({ words, stoppers: z.array(z.object({ holds: z.boolean(), words })) }),
  decisions: z.array(z.looseObject({ localTime: z.string(), stepId: z.string().nullable(), words, because: z.array(z.object({ ruleId: z.string().nullable(), condition: words, facts: z.array(z.object({ name: words, value: words.nullable() })) })) })),
  steps: z.array(words), unheard: z.number(),
});
type Explained = z.output<typeof explainAnswer>;

interface Headings {
  status: Record<Explained['status'], string>;
  next: string;
  holds: string;
  could: string;
  why: string;
  nothing: string;
  rule: (id: string) => string;
  condition: string;
  unknown: string;
  colon: string;
  afterQuestion: string;
  steps: string;
  unheard: (count: number) => string;
}

const headings: Readonly<Record<Language, Headings>> = {
  en: {
    status: { active: 'active', paused: 'paused', ended: 'ended' }, next: 'What next', holds: 'stands against it now', could: 'could still stop it', why: 'What happened, and why', nothing: 'Nothing yet.',
    rule: (id) => `rule ${id}`, condition: 'condition', unknown: 'not known', colon: ': ', afterQuestion: ' ', steps: 'Every step', unheard: (count) => `${count} told and not applied yet.`,
  },
  zh: {
    status: { active: '进行中', paused: '已暂停', ended: '已结束' }, next: '下一步', holds: '目前阻止', could: '仍可能阻止', why: '已发生的事及原因', nothing: '尚无。',
    rule: (id) => `规则 ${id}`, condition: '条件', unknown: '未知', colon: '：', afterQuestion: '', steps: '全部步骤', unheard: (count) => `有 ${count} 项已告知、尚未处理。`,
  },
};

/** As a terminal shows it: what comes next, each decision with what it rests on below it, and every step as it stands. */
export function explainTable({ enrolmentId, status, zone, next, decisions, steps, unheard }: Explained, language: Language): string {
  const said = headings[language];
  const stoppers = next.stoppers.map(({ holds, words: why }) => `  - ${holds ? said.holds : said.could}${said.colon}${why[language]}`);
  const told = decisions.flatMap(({ localTime, words: what, because }) => [
    `${localTime.slice(0, 16)}  ${what[language]}`,
    ...because.flatMap(({ ruleId, condition, facts }) => [
      `    | ${ruleId === null ? said.condition : said.rule(ruleId)}${said.colon}${condition[language]}`,
      ...facts.map(({ name, value }) => `    |   ${name[language]}${/[?？]$/u.test(name[language]) ? said.afterQuestion : said.colon}${value === null ? said.unknown : inOneLine(value[language])}`),
    ]),
  ]);
  return [
    `${enrolmentId}  ${said.status[status]}  ${zone}`, '',
    said.next, `  ${next.words[language]}`, ...stoppers, '',
    said.why, ...(told.length === 0 ? [`  ${said.nothing}`] : told), '',
    said.steps, ...steps.map((step) => `  ${step[language]}`), ...(unheard === 0 ? [] : ['', said.unheard(unheard)]), '',
  ].join('\n');
}

/** What a patient wrote in lines of their own must not pass for lines of this list. */
function inOneLine(value: string): string {
  return value.replaceAll(/\s+/g, ' ');
}
