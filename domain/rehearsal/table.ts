import type { Language } from '../codes.ts';
import type { Words } from '../words.ts';
import type { Entry, Rehearsal } from './types.ts';

const heads: Readonly<Record<Language, readonly string[]>> = { en: ['local time', 'step', 'what', 'channel', 'SMS', ''], zh: ['当地时间', '步骤', '类别', '渠道', '短信', ''] };

function troubleWords(count: number): Words {
  return count === 0 ? { en: 'No trouble found.', zh: '未发现问题。' } : { en: `Trouble found: ${count}`, zh: `发现问题：${count}` };
}

/** A timeline as a terminal shows it: aligned columns, one line an entry, the texts below their line, the trouble at the end. */
export function tableOf({ entries, findings, alongside }: Pick<Rehearsal, 'entries' | 'findings' | 'alongside'>, language: Language): string {
  const rows = entries.map((entry) => [entry.localTime.slice(0, 16), `${alongside.length > 0 && entry.planId !== null ? `${entry.planId}: ` : ''}${stepText(entry)}`.trimEnd(), entry.kind, entry.channel ?? '', entry.segments === 0 ? '' : String(entry.segments), entry.words[language]]);
  const table = [heads[language], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => width(row[column] ?? ''))));
  const line = (row: readonly string[]): string => row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)))).join('  ').trimEnd();
  const lines = entries.flatMap((entry, index) => [line(rows[index] ?? []), ...(entry.text === null ? [] : entry.text.split('\n').filter((text) => text !== '').map((text) => `    | ${text}`))]);
  const trouble = findings.flatMap(({ code, sentence, remedy }) => [`- ${sentence[language]} (${code})`, `  ${remedy[language]}`]);
  return [line(table[0] ?? []), ...lines, '', troubleWords(findings.length)[language], ...trouble, ''].join('\n');
}

function stepText({ stepId, recurrenceId }: Entry): string {
  return stepId === null ? '' : recurrenceId === null || recurrenceId === '' ? stepId : `${stepId} ${recurrenceId}`;
}

/** Chinese characters take two columns. */
function width(text: string): number {
  return text.length + (text.match(/[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/gu)?.length ?? 0);
}
