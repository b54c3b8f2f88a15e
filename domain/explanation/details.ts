import { channels, levels } from '../codes.ts';
import type { Language } from '../codes.ts';
import type { Plan } from '../plan/format.ts';
import { localText } from '../time/describe.ts';
import { reasonWords, wayWords } from '../words.ts';
import type { Words } from '../words.ts';
import type { StoryLine } from './decisions.ts';

type Detail = string | number | boolean;

/** What a contact, a page or a call came to. */
const results: Readonly<Record<string, Words>> = {
  sent: { en: 'it went out', zh: '已发出' },
  held: { en: 'it was held', zh: '暂缓' },
  refused: { en: 'it was refused', zh: '被拒绝' },
  unreachable: { en: 'it reached nobody', zh: '未送达' },
  unknown: { en: 'nobody can tell what became of it', zh: '结果不明' },
  completed: { en: 'everything was answered', zh: '已全部回答' },
};

const levelWords = { red: { en: 'red', zh: '红色' }, amber: { en: 'amber', zh: '黄色' } } as const;

/** Who did it, where it was no person by name. */
const doers: Readonly<Record<string, Words>> = {
  standby: { en: 'by the standby, since its thread did not run', zh: '由后备程序代为执行，其线程未运行' },
  patient: { en: 'by whoever has it', zh: '由其使用者' },
  provider: { en: 'as the provider told us', zh: '据服务商告知' },
};

/** Details that a reader needs beside the sentence, in this order; ids of rows and reasons are told otherwise. */
const shown: Readonly<Record<string, (value: Detail, line: StoryLine, plan: Plan, zone: string) => Words | null>> = {
  level: (value) => {
    const level = levels.find((each) => each === value);
    return level === undefined ? null : levelWords[level];
  },
  rule: (value) => ({ en: `rule ${String(value)}`, zh: `规则 ${String(value)}` }),
  channel: (value) => {
    const channel = channels.find((each) => each === value);
    return channel === undefined ? null : wayWords[channel];
  },
  outcome: (value) => resultWords(String(value)),
  disposition: (value) => resultWords(String(value)),
  delivered: (value) => (value === true ? { en: 'delivered', zh: '已送达' } : { en: 'not delivered', zh: '未送达' }),
  plan: (value, _line, plan) => (value === plan.id ? { en: `plan “${plan.title.en}”`, zh: `计划“${plan.title.zh ?? plan.title.en}”` } : { en: `plan ${String(value)}`, zh: `计划 ${String(value)}` }),
  version: (value) => ({ en: `version ${String(value)}`, zh: `版本 ${String(value)}` }),
  anchor: (value, _line, plan) => {
    const title = plan.anchors[String(value)]?.title ?? { en: String(value) };
    return { en: title.en, zh: title.zh ?? title.en };
  },
  to: (value, { what }, _plan, zone) => {
    if (what === 'enrolment.migrated') return { en: `to version ${String(value)}`, zh: `转入版本 ${String(value)}` };
    return { en: `to ${day(value, zone)}`, zh: `改为 ${day(value, zone)}` };
  },
  until: (value, _line, _plan, zone) => ({ en: `until ${day(value, zone)}`, zh: `至 ${day(value, zone)}` }),
  occurrence: (value, _line, _plan, zone) => ({ en: `of ${day(value, zone)}`, zh: `${day(value, zone)} 的一次` }),
  added: (value) => (value === '' ? null : { en: `put on: ${String(value)}`, zh: `加上：${String(value)}` }),
  removed: (value) => (value === '' ? null : { en: `taken away: ${String(value)}`, zh: `去掉：${String(value)}` }),
  rota: (value) => ({ en: `rota ${String(value)}`, zh: `值班表 ${String(value)}` }),
  person: (value) => ({ en: person(value), zh: person(value) }),
  by: (value) => doers[String(value)] ?? ({ en: `by ${person(value)}`, zh: `由${person(value)}` }),
};

export function detailWords(line: StoryLine, plan: Plan, zone: string, language: Language): string[] {
  return Object.entries(shown).flatMap(([key, wordsOf]) => {
    const value = line.detail[key];
    return value === undefined || value === null ? [] : (wordsOf(value, line, plan, zone)?.[language] ?? []);
  });
}

function resultWords(code: string): Words {
  return (Object.hasOwn(results, code) ? results[code] : undefined) ?? reasonWords(code);
}

function day(value: Detail, zone: string): string {
  const text = String(value);
  return /^\d{4}-\d{2}-\d{2}T.*Z$/.test(text) ? localText(text, zone) : text;
}

/** Conversations and pages keep the bare id. */
function person(value: Detail): string {
  const text = String(value);
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? `person/${text}` : text;
}
