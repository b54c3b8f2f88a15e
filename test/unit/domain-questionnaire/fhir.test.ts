import { Fhir } from 'fhir';
import { describe, expect, test } from 'vitest';
import { languages } from '../../../domain/codes.ts';
import { toFhirQuestionnaire, toFhirResponse } from '../../../domain/questionnaire/fhir.ts';
import type { FhirItem } from '../../../domain/questionnaire/fhir-types.ts';
import { responseOf } from '../../../domain/questionnaire/response.ts';
import { shipped, shippedIds } from '../domain-dialogue/questionnaires.ts';
import { converse, keysFor, last } from '../domain-dialogue/walk.ts';

const fhir = new Fhir();
/** What FHIR R4's own profiles say of a resource: structure and codes. Invariants and terminology need a full validator. */
const errorsOf = (resource: object): string[] => fhir.validate(JSON.parse(JSON.stringify(resource), notZero) as object, { errorOnUnexpected: true }).messages.flatMap(({ severity, location, message }) => (['error', 'fatal'].includes(String(severity)) ? [`${location ?? ''}: ${message ?? ''}`] : []));
/** The checker takes a condition's answer of 0 for a missing one; this is a fault of the checker alone. */
function notZero(key: string, value: unknown): unknown {
  return key === 'answerInteger' && value === 0 ? 1 : value;
}
const everyItem = (items: readonly FhirItem[]): FhirItem[] => items.flatMap((item) => [item, ...everyItem(item.item ?? [])]);
const context = { language: 'en', subject: 'Patient/1', caregiver: 'RelatedPerson/2', authored: '2026-03-02T12:00:00.000Z' } as const;

describe('a questionnaire as FHIR R4', () => {
  test.each(shippedIds.flatMap((id) => languages.map((language) => [id, language] as const)))('%s in %s has the structure and codes of the standard', (id, language) => {
    expect(errorsOf(toFhirQuestionnaire(shipped(id), language))).toEqual([]);
  });

  test('is checked by something that notices a wrong one', () => {
    const wrong = { ...toFhirQuestionnaire(shipped('phq-9'), 'en'), status: 'ready', item: [{ linkId: 'a', type: 'choice', question: 'x' }] };

    expect(errorsOf(wrong)).toHaveLength(2);
  });

  test('keeps groups, points, ranges, branches and what may be left out', () => {
    const phq9 = toFhirQuestionnaire(shipped('phq-9'), 'en');
    const adherence = toFhirQuestionnaire(shipped('adherence'), 'en');

    expect(phq9.item[0]).toMatchObject({ linkId: 'section.two_weeks', type: 'group', text: expect.stringMatching(/^Over the last 2 weeks/) as unknown, item: Array(9).fill({ type: 'choice', required: true }) });
    expect(phq9.item[0]?.item?.[0]?.answerOption?.[3]).toEqual({ extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/ordinalValue', valueDecimal: 3 }], valueCoding: { system: 'https://carethread.example.org/fhir/CodeSystem/phq-9.interest', code: 'nearly_every_day', display: 'Nearly every day' } });
    expect(phq9.item[1]).toMatchObject({ linkId: 'function', enableBehavior: 'any', enableWhen: Array(9).fill({ operator: '!=', answerCoding: { code: 'not_at_all' } }) });
    expect(adherence.item[1]).toMatchObject({ enableWhen: [{ question: 'missed_days', operator: '>', answerInteger: 0 }] });
    expect(adherence.item[2]).toMatchObject({ type: 'text', required: false });
    expect(toFhirQuestionnaire(shipped('wound-check'), 'en').item[1]?.extension?.[0]).toMatchObject({ valueCoding: { system: 'http://unitsofmeasure.org', code: 'Cel' } });
  });

  // Invariants of the standard that its profiles state in FHIRPath: que-2 (linkIds once), que-7 (exists with a boolean), que-12 (several conditions, then a behaviour).
  test.each(shippedIds)('%s keeps the invariants que-2, que-7 and que-12', (id) => {
    const items = everyItem(toFhirQuestionnaire(shipped(id), 'zh').item);

    expect(new Set(items.map((item) => item.linkId)).size).toBe(items.length);
    expect(items.filter((item) => (item.enableWhen?.length ?? 0) > 1 && item.enableBehavior === undefined)).toEqual([]);
    expect(items.flatMap((item) => item.enableWhen ?? []).filter((condition) => (condition.operator === 'exists') !== (condition.answerBoolean !== undefined))).toEqual([]);
  });
});

describe('a set of answers as FHIR R4', () => {
  test.each(shippedIds)('to %s has the structure and codes of the standard', (id) => {
    const questionnaire = shipped(id);
    const replies = questionnaire.items.map((item) => (item.kind === 'choice' ? keysFor(item, item.options[0]?.code ?? '') : item.kind === 'number' ? String(item.min) : 'words'));
    const response = responseOf(questionnaire, last(converse(questionnaire, replies)).progress, 'sms');

    expect(errorsOf(toFhirResponse(questionnaire, response, context))).toEqual([]);
  });

  test('holds what was asked and answered, in its groups, and who answered', () => {
    const phq2 = shipped('phq-2');
    const response = responseOf(phq2, last(converse(phq2, ['3'])).progress, 'sms');

    expect(toFhirResponse(phq2, response, context)).toEqual({
      resourceType: 'QuestionnaireResponse', language: 'en', questionnaire: 'https://carethread.example.org/fhir/Questionnaire/phq-2|1', status: 'in-progress', subject: { reference: 'Patient/1' }, authored: context.authored, source: { reference: 'Patient/1' },
      item: [{ linkId: 'section.two_weeks', text: phq2.sections[0]?.intro.en, item: [
        { linkId: 'interest', text: 'Little interest or pleasure in doing things.', answer: [{ valueCoding: { system: 'https://carethread.example.org/fhir/CodeSystem/phq-2.interest', code: 'nearly_every_day', display: 'Nearly every day' } }] },
        { linkId: 'mood', text: 'Feeling down, depressed, or hopeless.' },
      ] }],
    });
  });

  test('leaves out what was not asked, and names the caregiver who answered', () => {
    const adherence = shipped('adherence');
    const response = responseOf(adherence, { ...last(converse(adherence, ['0', '1'])).progress, respondent: 'caregiver' }, 'staff');
    const resource = toFhirResponse(adherence, response, context);

    expect(resource).toMatchObject({ status: 'completed', source: { reference: 'RelatedPerson/2' } });
    expect(resource.item.map((item) => item.linkId)).toEqual(['missed_days', 'supply']);
    expect(resource.item[0]?.answer).toEqual([{ valueInteger: 0 }]);
  });
});
