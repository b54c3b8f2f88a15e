import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { channels, languages } from '../../../domain/codes.ts';
import { renderMessage, smsSegments } from '../../../domain/contact/message.ts';
import { systemMessages } from '../../../domain/contact/variables.ts';
import { parseQuestionnaire } from '../../../domain/questionnaire/parse.ts';
import { ContentError, loadContent } from '../../../store/content.ts';

const templates = fileURLToPath(new URL('../../../templates', import.meta.url));
const made: string[] = [];
afterEach(() => made.splice(0).forEach((dir) => rmSync(dir, { recursive: true })));

function copyOfTemplates(): string {
  const dir = mkdtempSync(join(tmpdir(), 'carethread content 内容 '));
  made.push(dir);
  cpSync(templates, dir, { recursive: true });
  return dir;
}

describe('what the product ships', () => {
  const content = loadContent(templates);
  const rendered = Object.keys(content.messages).flatMap((id) =>
    languages.flatMap((language) =>
      channels.flatMap((channel) => {
        const message = renderMessage(content.messages, { id, language, channel }, { hospital: language === 'en' ? 'Riverside Hospital' : '河畔医院', emergencyNumber: '120', readHours: '08:00-18:00', code: '4821', question: '?' });
        return 'missing' in message ? [] : [{ id, language, channel, message }];
      }),
    ),
  );

  test('loads whole', () => {
    expect(Object.keys(content.plans).sort()).toEqual(['chemotherapy', 'diabetes-hypertension', 'heart-failure', 'maternity', 'post-discharge', 'showcase', 'showcase-call', 'showcase-move', 'showcase-question', 'showcase-silence', 'showcase-timer', 'showcase-visit', 'surgery-recovery', 'vaccination-recall']);
    expect(Object.keys(content.messages)).toEqual(expect.arrayContaining(Object.keys(systemMessages)));
  });

  test('is written in English and Chinese for every channel that it has', () => {
    const written = (language: string): string[] => rendered.filter((entry) => entry.language === language).map(({ id, channel }) => `${id} ${channel}`);

    expect(written('zh')).toEqual(written('en'));
  });

  test('names the hospital in each message, and no illness in any', () => {
    expect(rendered.filter(({ message }) => !/Riverside Hospital|河畔医院/.test(message.text))).toEqual([]);
    expect(rendered.filter(({ message }) => /surg|operation|wound|cancer|diabet|pain|手术|伤口|癌|糖尿|疼/i.test(`${message.subject ?? ''} ${message.text}`))).toEqual([]);
  });

  test('gives the emergency number in every patient message that awaits an answer or advises', () => {
    const without = rendered.filter(({ id, message }) => id !== 'staff-page' && id !== 'wrong-number-notice' && !message.text.includes('120'));

    expect(without).toEqual([]);
  });

  test('takes at most two segments each as SMS', () => {
    expect(rendered.filter(({ channel, message }) => channel === 'sms' && smsSegments(message.text) > 2).map(({ id }) => id)).toEqual([]);
  });
});

describe('loading content', () => {
  test('refuses the whole with every fault of every file', () => {
    const dir = copyOfTemplates();
    writeFileSync(join(dir, 'plans', 'bad.yaml'), 'format: carethread.plan/1\nid: other\n');
    writeFileSync(join(dir, 'messages', 'welcome.yaml'), 'format: carethread.message/1\nid: welcome\nversion: 1\naudience: patient\nen: { sms: "{{ hospital }} {{ nope }}" }\n');
    rmSync(join(dir, 'messages', 'help.yaml'));

    const act = (): unknown => loadContent(dir);

    expect(act).toThrow(ContentError);
    expect(act).toThrow(/messages\/welcome\.yaml:5 en\.sms: Remove \{\{ nope \}\}[\s\S]*messages\/help\.yaml en\.sms: Write this text[\s\S]*plans\/bad\.yaml steps: Add "steps"[\s\S]*plans\/showcase\.yaml:\d+ steps\[0\]\.message: Add a message "welcome"/);
  });

  test('refuses a file whose name is not its id, and a missing folder', () => {
    const dir = copyOfTemplates();
    cpSync(join(dir, 'plans', 'showcase.yaml'), join(dir, 'plans', 'copy.yaml'));
    rmSync(join(dir, 'questionnaires'), { recursive: true });

    expect(() => loadContent(dir)).toThrow(/questionnaires: Make this folder readable \(ENOENT\)/);
    expect(() => loadContent(templates)).not.toThrow();
  });
});

describe('a questionnaire', () => {
  const text = (option: string, more = ''): string => `format: carethread.questionnaire/1
id: sample
version: 1
title: { en: a, zh: b }
thanks: { en: a, zh: b }
items:
  - { kind: choice, id: one, text: { en: a, zh: b }, options: [{ code: good, key: '1', label: { en: Good, zh: 好 } }, ${option}] }
${more}`;

  test.each([
    ['whose option is an opt-out word', text(`{ code: ended, key: '2', label: { en: End, zh: 结束 } }`), 'items[0].options[1]: Change "end": whoever answers it would opt out of all messages.'],
    ['whose synonym is one in another width', text(`{ code: true_, key: '2', label: { en: Right, zh: 对 }, also: ['Ｔ'] }`), 'items[0].options[1]: Change "t": whoever answers it would opt out'],
    ['whose options share a key', text(`{ code: bad, key: '1', label: { en: Bad, zh: 坏 } }`), 'Change "1": it means the option "good" already.'],
    ['whose items share an id', text(`{ code: bad, key: '2', label: { en: Bad, zh: 坏 } }`, '  - { kind: text, id: one, text: { en: a, zh: b } }\n'), 'items[1].id: Rename this item'],
    ['whose range is empty', text(`{ code: bad, key: '2', label: { en: Bad, zh: 坏 } }`, `  - { kind: number, id: two, text: { en: a, zh: b }, unit: '', min: 5, max: 5 }\n`), 'items[1].max: Make the greatest answer'],
    ['without Chinese', text(`{ code: bad, key: '2', label: { en: Bad } }`), 'items[0].options[1].label.zh: Add "zh"'],
  ])('%s is refused', (_name, yaml, expected) => {
    const parsed = parseQuestionnaire(yaml);

    expect(parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path}: ${message}`).join('\n')).toContain(expected);
  });
});
