import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { languages } from '../../../domain/codes.ts';
import { renderMessage, smsSegments } from '../../../domain/contact/message.ts';
import { openQuestion } from '../../../domain/dialogue/text-turn.ts';
import { freshDialogue } from '../../../domain/dialogue/progress.ts';
import type { Questionnaire } from '../../../domain/questionnaire/format.ts';
import { shipped, shippedIds } from '../domain-dialogue/questionnaires.ts';
import { shippedContent } from '../../support/content.ts';

const { messages } = shippedContent();

/** Each question as a text that carries it: as a nudge repeats it, and the first as it opens a conversation. */
function textsOf(questionnaire: Questionnaire): { id: string; item: string; language: string; segments: number; text: string }[] {
  return languages.flatMap((language) =>
    questionnaire.items.map((item, index) => {
      const question = openQuestion({ ...questionnaire, items: [{ ...item, enableWhen: [] }] }, freshDialogue(), language) ?? '';
      const wrapped = renderMessage(messages, { id: index === 0 ? 'first-question' : 'nudge', language, channel: 'sms' }, { hospital: language === 'en' ? 'Riverside Hospital' : '河畔医院', emergencyNumber: '120', readHours: '08:00-18:00', question });
      const text = 'missing' in wrapped ? '' : wrapped.text;
      return { id: questionnaire.id, item: item.id, language, segments: smsSegments(text), text };
    }),
  );
}

describe('the shipped questionnaires', () => {
  const texts = shippedIds.map(shipped).flatMap(textsOf);

  test('say in their file that they need local clinical approval', () => {
    const files = shippedIds.map((id) => readFileSync(new URL(`../../../templates/questionnaires/${id}.yaml`, import.meta.url), 'utf8'));

    expect(files.filter((text) => !/needs local clinical approval/i.test(text))).toEqual([]);
    expect(shippedIds).toEqual(expect.arrayContaining(['adherence', 'gad-7', 'pain-check', 'phq-2', 'phq-9', 'wound-check']));
  });

  test('take at most three segments for any question, with all that is said around it', () => {
    expect(texts.filter(({ segments, text }) => segments > 3 || text === '').map(({ id, item, language, segments }) => `${id} ${item} ${language} ${segments}`)).toEqual([]);
  });

  test('let nobody answer about suicide for the patient', () => {
    expect(['phq-9', 'phq-2', 'gad-7'].map((id) => shipped(id).respondents)).toEqual([['patient'], ['patient'], ['patient']]);
  });
});
