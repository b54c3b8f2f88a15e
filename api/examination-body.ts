import { z } from 'zod';
import type { Plan } from '../domain/plan/format.ts';
import { listOfGroup, stepMap, version } from './version-schemas.ts';

/** Which new version is examined, published or not yet, and how steps go on in it. */
export const examinationBody = z.strictObject({
  to: version.optional().meta({ description: 'A published version. Else give `plan`.' }),
  plan: z.string().min(1).max(256 * 1024).optional().meta({ description: 'The new version as YAML or JSON, as text; it need not be published.' }),
  stepMap, list: listOfGroup,
});

/** The same with the plan that was read from its text; null: `to` names it. */
export type ExaminationRequest = Omit<z.output<typeof examinationBody>, 'plan'> & { plan: Plan | null };
