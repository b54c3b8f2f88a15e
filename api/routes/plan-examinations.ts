import { z } from 'zod';
import { migrationResults } from '../../domain/migration/look.ts';
import { examinedKinds } from '../../domain/migration/types.ts';
import { problemOf } from '../body-text.ts';
import { examinationBody } from '../examination-body.ts';
import { examinationJob, versionsOf } from '../plan-examination.ts';
import { groupsOf, openEnrolled, pageIn } from '../plan-migration.ts';
import { routeOfText } from '../route.ts';
import type { Route } from '../route.ts';
import { id, planId } from '../schemas.ts';
import { group, version } from '../version-schemas.ts';

const examinedGroup = z
  .object({
    group, result: z.enum(migrationResults), reason: z.string().nullable(), count: z.int(), words: z.object({ en: z.string(), zh: z.string() }),
    changes: z.array(z.object({ kind: z.enum(examinedKinds), stepId: z.string() })), ends: z.boolean(),
  })
  .meta({ id: 'ExaminedGroup' });

/** The plan as text, and what stands beside it. */
const limitBytes = 512 * 1024;

export const planExaminationRoutes: readonly Route[] = [
  routeOfText(
    ['coordinator', 'clinician'],
    {
      method: 'post', path: '/v1/plans/{planId}/versions/{version}/examine', tag: 'plans', summary: 'What a new version would change for everybody in this one', keyed: false, problems: ['refused', 'not-found', 'too-large', 'too-many-requests', 'took-too-long'], limitBytes,
      description: 'As the preview of a move, and with conditions decided on the facts of each patient and the day that the step is due. The new version may be published (`to`) or not yet (`plan`). Changes nothing. With `list`, the enrolments of one group, by pages.',
      params: z.object({ planId, version: z.coerce.number('Write a whole number.').pipe(version) }),
      body: examinationBody,
      answer: z.object({
        stepMap: z.record(z.string(), z.string().nullable()), total: z.int(), notYours: z.int().meta({ description: 'Follow-ups of patients in whose care you are not: nothing is said of them.' }),
        groups: z.array(examinedGroup), enrolments: z.object({ items: z.array(id), nextCursor: z.string().nullable() }).nullable(),
      }),
    },
    async (asked) => {
      const read = await asked.deps.planReader.readExamination(asked.session.personId, asked.body);
      if (!read.ok) throw problemOf(read);
      const { request } = read;
      const plans = await versionsOf(asked, asked.params, request);
      return asked.deps.looker.within(asked.session.personId, async (look) => {
        const { secret, patientIds, enrolments } = await openEnrolled(asked, 'examine-version', plans);
        const { rows } = await look.examine(await examinationJob(asked, plans, secret, patientIds));
        return {
          stepMap: { ...plans.stepMap }, total: rows.length, notYours: Math.max(0, enrolments - rows.length),
          // Without what is chosen: an examination is no move.
          groups: groupsOf(rows, plans).map(({ group: name, result, reason, count, words, changes, ends }) => ({ group: name, result, reason, count, words, changes, ends })), enrolments: request.list === undefined ? null : pageIn(rows, request.list),
        };
      });
    },
  ),
];
