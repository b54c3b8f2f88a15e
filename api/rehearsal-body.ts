import { z } from 'zod';
import { alongsideAtMost, alongsideSchema, assumptionsSchema } from '../domain/rehearsal/input.ts';

const plan = z.string('Write the plan as text, YAML or JSON.').min(1, 'Write the plan as text, YAML or JSON.').max(256 * 1024).meta({ description: 'The plan as YAML or JSON, as text; see /v1/plan-schema.json.' });

/** What is rehearsed, and what is assumed. */
export const rehearsalBody = z.strictObject({
  plan, ...assumptionsSchema.shape,
  alongside: z.array(z.strictObject({ plan, ...alongsideSchema.shape })).max(alongsideAtMost).default([]).meta({ description: 'Other plans that the patient is in: caps, spacing, merging and the one number are over all of them.' }),
});
