import { z } from 'zod';
import { planSchema } from './format.ts';

/** The JSON Schema (draft 2020-12) of a plan as an author writes it: what has a default may be left out. For editors and the API. */
export function planJsonSchema(): Record<string, unknown> {
  return {
    $id: 'https://carethread.example.org/schemas/carethread.plan/1',
    title: 'A Carethread follow-up plan',
    ...z.toJSONSchema(planSchema, { io: 'input', target: 'draft-2020-12' }),
  };
}
