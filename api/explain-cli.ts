import { z } from 'zod';
import { languages } from '../domain/codes.ts';
import { Misunderstood, apiOf, readFlags, runCommand, whereAndWho } from './ask-api.ts';
import { explainAnswer, explainTable } from './explain-table.ts';

/** Tells why everything happened in a follow-up and what comes next, through the API. */
const usage = `Tells why everything happened in a follow-up, and what comes next. It shows answers and facts, so it takes the right to see them.

  CARETHREAD_TOKEN=... npm run explain -- ENROLMENT [--language en|zh] [--json]

${whereAndWho}`;

process.exitCode = await runCommand(usage, async () => {
  const { enrolmentId, language, isJson } = readArguments();
  const answer = await apiOf('explaining tool').ask('GET', `/v1/enrolments/${enrolmentId}/explain`);
  return isJson ? `${JSON.stringify(answer, null, 2)}\n` : explainTable(explainAnswer.parse(answer), language);
});

function readArguments() {
  const { values, positionals } = readFlags({ allowPositionals: true, options: { language: { type: 'string', default: 'en' }, json: { type: 'boolean', default: false } } });
  const [enrolmentId, ...others] = positionals;
  const language = languages.find((candidate) => candidate === values.language);
  if (enrolmentId === undefined || others.length > 0 || language === undefined) throw new Misunderstood();
  if (!z.uuid().safeParse(enrolmentId).success) throw new Misunderstood('Write the id of the enrolment as it was given: a UUID.');
  return { enrolmentId, language, isJson: values.json };
}
