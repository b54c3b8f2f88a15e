import type { Language } from '../codes.ts';
import { assertNever } from '../codes.ts';
import { answerTo, enabledItems } from './enabled.ts';
import type { Answer, Answers, Condition, Item, ItemOf, Questionnaire } from './format.ts';
import type { FhirAnswer, FhirEnableWhen, FhirExtension, FhirItem, FhirQuestionnaire, FhirResponse, FhirResponseItem } from './fhir-types.ts';
import type { KeptResponse } from './response.ts';

/** Where the canonical addresses of this engine's questionnaires and codes begin; names, not pages. */
const base = 'https://carethread.example.org/fhir';
const fhirLanguages: Readonly<Record<Language, string>> = { en: 'en', zh: 'zh-CN' };
const ucumCodes: Readonly<Record<string, string>> = { '°C': 'Cel', kg: 'kg', mmHg: 'mm[Hg]', 'mmol/L': 'mmol/L' };

/**
 * A questionnaire as a FHIR R4 Questionnaire in one language. Sections become groups, points the `ordinalValue` extension,
 * ranges `minValue` and `maxValue`. Scores and safeguards have no place in R4 and are left out.
 */
export function toFhirQuestionnaire(questionnaire: Questionnaire, language: Language): FhirQuestionnaire {
  const url = canonicalOf(questionnaire);
  return {
    resourceType: 'Questionnaire',
    language: fhirLanguages[language],
    url,
    version: String(questionnaire.version),
    name: questionnaire.id.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(''),
    title: questionnaire.title[language],
    status: 'active',
    subjectType: ['Patient'],
    ...(questionnaire.citation === undefined && questionnaire.licence === undefined ? {} : { copyright: [questionnaire.citation, questionnaire.licence].filter((text) => text !== undefined).join(' ') }),
    item: inGroups(questionnaire.items, (item) => itemOf(questionnaire, item, language), (id, items) => ({
      linkId: groupId(id), type: 'group', text: introOf(questionnaire, id, language), item: items,
    })),
  };
}

export interface ResponseContext {
  language: Language;
  /** Such as `Patient/123`; likewise the related person who answered, where one did. */
  subject: string;
  caregiver?: string | undefined;
  /** The instant at which the answers were recorded. */
  authored: string;
}

/** A set of answers as a FHIR R4 QuestionnaireResponse. Items that were not asked are absent; one that was asked in vain has no answer. */
export function toFhirResponse(questionnaire: Questionnaire, response: KeptResponse, { language, subject, caregiver, authored }: ResponseContext): FhirResponse {
  const asked = enabledItems(questionnaire, response.answers, response.respondent);
  const source = response.respondent === 'patient' ? subject : response.respondent === 'caregiver' ? caregiver : undefined;
  return {
    resourceType: 'QuestionnaireResponse',
    language: fhirLanguages[language],
    questionnaire: `${canonicalOf(questionnaire)}|${response.questionnaireVersion}`,
    status: response.isComplete ? 'completed' : 'in-progress',
    subject: { reference: subject },
    authored,
    ...(source === undefined ? {} : { source: { reference: source } }),
    item: inGroups(asked, (item) => responseItem(questionnaire, item, response.answers, language), (id, items): FhirResponseItem => ({ linkId: groupId(id), text: introOf(questionnaire, id, language), item: items })),
  };
}

function canonicalOf(questionnaire: Questionnaire): string {
  return `${base}/Questionnaire/${questionnaire.id}`;
}

/** Items and sections have ids of their own kinds, and FHIR one space for both. */
function groupId(sectionId: string): string {
  return `section.${sectionId}`;
}

function introOf(questionnaire: Questionnaire, sectionId: string, language: Language): string {
  return questionnaire.sections.find((section) => section.id === sectionId)?.intro[language] ?? '';
}

/** Items in order; a run of one section's items becomes one group. */
function inGroups<Made>(items: readonly Item[], make: (item: Item) => Made, group: (sectionId: string, items: Made[]) => Made): Made[] {
  const made: Made[] = [];
  let run: Made[] = [];
  items.forEach((item, index) => {
    const { section } = item;
    if (section === undefined) made.push(make(item));
    else {
      run.push(make(item));
      if (items[index + 1]?.section === section) return;
      made.push(group(section, run));
      run = [];
    }
  });
  return made;
}

function itemOf(questionnaire: Questionnaire, item: Item, language: Language): FhirItem {
  const common = {
    linkId: item.id,
    text: item.text[language],
    required: !item.optional,
    ...(item.enableWhen.length === 0 ? {} : { enableWhen: item.enableWhen.map((condition) => enableWhenOf(questionnaire, condition, language)) }),
    ...(item.enableBehavior === undefined ? {} : { enableBehavior: item.enableBehavior }),
  };
  switch (item.kind) {
    case 'choice':
      return { ...common, type: 'choice', answerOption: item.options.map((option) => ({ ...pointsOf(option.score), valueCoding: codingOf(questionnaire, item, option.code, language) })) };
    case 'number':
      return { ...common, type: item.decimals === 0 ? 'integer' : 'decimal', extension: [...unitOf(item.unit), { url: `${hl7}/minValue`, ...numberOf(item, item.min) }, { url: `${hl7}/maxValue`, ...numberOf(item, item.max) }] };
    case 'text':
      return { ...common, type: 'text' };
    default:
      return assertNever(item);
  }
}

const hl7 = 'http://hl7.org/fhir/StructureDefinition';

function pointsOf(score: number | undefined): { extension?: FhirExtension[] } {
  return score === undefined ? {} : { extension: [{ url: `${hl7}/ordinalValue`, valueDecimal: score }] };
}

function unitOf(unit: string): FhirExtension[] {
  if (unit === '') return [];
  const code = ucumCodes[unit];
  return [{ url: `${hl7}/questionnaire-unit`, valueCoding: code === undefined ? { display: unit } : { system: 'http://unitsofmeasure.org', code, display: unit } }];
}

function numberOf(item: ItemOf<'number'>, value: number): { valueInteger: number } | { valueDecimal: number } {
  return item.decimals === 0 ? { valueInteger: value } : { valueDecimal: value };
}

function codingOf(questionnaire: Questionnaire, item: ItemOf<'choice'>, code: string, language: Language): { system: string; code: string; display?: string } {
  const label = item.options.find((option) => option.code === code)?.label[language];
  return { system: `${base}/CodeSystem/${questionnaire.id}.${item.id}`, code, ...(label === undefined ? {} : { display: label }) };
}

function enableWhenOf(questionnaire: Questionnaire, { item: id, operator, answer }: Condition, language: Language): FhirEnableWhen {
  const common = { question: id, operator };
  if (typeof answer === 'boolean') return { ...common, answerBoolean: answer };
  const item = questionnaire.items.find((candidate) => candidate.id === id);
  if (item?.kind === 'choice' && typeof answer === 'string') return { ...common, answerCoding: codingOf(questionnaire, item, answer, language) };
  if (item?.kind === 'number' && typeof answer === 'number') return item.decimals === 0 && Number.isInteger(answer) ? { ...common, answerInteger: answer } : { ...common, answerDecimal: answer };
  throw new Error(`The questionnaire "${questionnaire.id}" was not checked: a condition on "${id}" does not fit it.`);
}

function responseItem(questionnaire: Questionnaire, item: Item, answers: Answers, language: Language): FhirResponseItem {
  const answer = answerTo(answers, item.id);
  return { linkId: item.id, text: item.text[language], ...(answer === undefined ? {} : { answer: [answerOf(questionnaire, item, answer, language)] }) };
}

function answerOf(questionnaire: Questionnaire, item: Item, answer: Answer, language: Language): FhirAnswer {
  if (item.kind === 'choice') return { valueCoding: codingOf(questionnaire, item, String(answer), language) };
  if (item.kind === 'number' && typeof answer === 'number') return numberOf(item, answer);
  return { valueString: String(answer) };
}
