import type { operators } from './format.ts';

/** The parts of FHIR R4's Questionnaire and QuestionnaireResponse that this engine writes, by FHIR's own names. */
export interface FhirCoding {
  system?: string;
  code?: string;
  display?: string;
}

export interface FhirExtension {
  url: string;
  valueInteger?: number;
  valueDecimal?: number;
  valueCoding?: FhirCoding;
}

export interface FhirEnableWhen {
  question: string;
  operator: (typeof operators)[number];
  answerBoolean?: boolean;
  answerInteger?: number;
  answerDecimal?: number;
  answerCoding?: FhirCoding;
}

export interface FhirItem {
  linkId: string;
  text: string;
  type: 'group' | 'choice' | 'integer' | 'decimal' | 'text';
  extension?: FhirExtension[];
  enableWhen?: FhirEnableWhen[];
  enableBehavior?: 'all' | 'any';
  required?: boolean;
  answerOption?: { extension?: FhirExtension[]; valueCoding: FhirCoding }[];
  item?: FhirItem[];
}

export interface FhirQuestionnaire {
  resourceType: 'Questionnaire';
  language: string;
  url: string;
  version: string;
  name: string;
  title: string;
  status: 'active';
  subjectType: ['Patient'];
  copyright?: string;
  item: FhirItem[];
}

export interface FhirAnswer {
  valueInteger?: number;
  valueDecimal?: number;
  valueString?: string;
  valueCoding?: FhirCoding;
}

export interface FhirResponseItem {
  linkId: string;
  text?: string;
  answer?: FhirAnswer[];
  item?: FhirResponseItem[];
}

export interface FhirResponse {
  resourceType: 'QuestionnaireResponse';
  language: string;
  questionnaire: string;
  status: 'completed' | 'in-progress';
  subject: { reference: string };
  authored: string;
  source?: { reference: string };
  item: FhirResponseItem[];
}
