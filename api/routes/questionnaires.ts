import { z } from 'zod';
import { languages } from '../../domain/codes.ts';
import { toFhirQuestionnaire } from '../../domain/questionnaire/fhir.ts';
import { questionnaireSchema } from '../../domain/questionnaire/format.ts';
import type { Questionnaire } from '../../domain/questionnaire/format.ts';
import { questionnaireJsonSchema } from '../../domain/questionnaire/json-schema.ts';
import { notFound } from '../problem.ts';
import { openRoute, route } from '../route.ts';
import type { Asker, Route } from '../route.ts';
import { titles } from '../schemas.ts';

const readers = ['coordinator', 'clinician', 'engineer', 'auditor', 'admin', 'service'] as const;
const tag = 'questionnaires';
const questionnaireId = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Write a questionnaire\'s id: lower-case letters, digits and hyphens.');
const params = z.object({ questionnaireId });
const summary = z.object({ questionnaireId, version: z.int(), title: titles, items: z.int(), scores: z.array(z.string()), safeguards: z.array(z.string()) }).meta({ id: 'QuestionnaireSummary' });

/** Questionnaires are content of the installation: they are read here, and changed by a file under `templates/` and a restart. */
export const questionnaireRoutes: readonly Route[] = [
  openRoute({ method: 'get', path: '/v1/questionnaire-schema.json', tag, summary: 'JSON Schema of a questionnaire, for editors', answer: z.record(z.string(), z.unknown()), answerType: 'application/schema+json' }, () => Promise.resolve(questionnaireJsonSchema())),
  route(readers, { method: 'get', path: '/v1/questionnaires', tag, summary: 'All questionnaires', description: 'Whole: as many as there are files under the content directory.', answer: z.object({ items: z.array(summary) }) }, ({ deps }) => Promise.resolve({
    items: Object.values(deps.content.questionnaires).map(({ id, version, title, items, scores, safeguards }) => ({
      questionnaireId: id, version, title, items: items.length, scores: scores.map((score) => score.id), safeguards: safeguards.map((safeguard) => safeguard.id),
    })),
  })),
  route(readers, { method: 'get', path: '/v1/questionnaires/{questionnaireId}', tag, summary: 'One questionnaire: items, branches, scores, safeguards', params, answer: questionnaireSchema.meta({ id: 'Questionnaire' }), problems: ['not-found'] }, ({ deps, params: { questionnaireId } }) => Promise.resolve(known(deps, questionnaireId))),
  route(
    readers,
    {
      method: 'get', path: '/v1/questionnaires/{questionnaireId}/fhir', tag, summary: 'One questionnaire as a FHIR R4 Questionnaire', params,
      query: z.strictObject({ language: z.enum(languages).default('en') }), answer: z.record(z.string(), z.unknown()), answerType: 'application/fhir+json', problems: ['not-found'],
    },
    ({ deps, params: { questionnaireId }, query }) => Promise.resolve({ ...toFhirQuestionnaire(known(deps, questionnaireId), query.language) }),
  ),
];

function known(deps: Asker['deps'], id: string): Questionnaire {
  const found = Object.hasOwn(deps.content.questionnaires, id) ? deps.content.questionnaires[id] : undefined;
  if (found === undefined) throw notFound('questionnaire');
  return found;
}
