import { z } from 'zod';
import { questionnaireSchema } from './format.ts';

/** The JSON Schema (draft 2020-12) of a questionnaire as an author writes it: what has a default may be left out. For editors and the API. */
export function questionnaireJsonSchema(): Record<string, unknown> {
  return {
    $id: 'https://carethread.example.org/schemas/carethread.questionnaire/1',
    title: 'A Carethread questionnaire',
    ...z.toJSONSchema(questionnaireSchema, { io: 'input', target: 'draft-2020-12' }),
  };
}
