import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { languages } from '../domain/codes.ts';
import { Misunderstood, Refusal, apiOf, readFlags, runCommand, stepMapOf, whereAndWho } from './ask-api.ts';
import type { Api } from './ask-api.ts';
import { groupTable, lookAnswer } from './group-table.ts';

/** Examines a new version against everybody in an older one, through the API. */
const usage = `Shows what a new version of a plan would change for everybody in an older one, with conditions decided on their facts. Changes nothing.

  CARETHREAD_TOKEN=... npm run examine:plan -- PLAN.yaml|ID@VERSION [--from N] [--map OLD=NEW ...] [--map OLD= ...] [--group GROUP [--after ENROLMENT]] [--language en|zh] [--json]

  PLAN.yaml   the new version as its author has written it; it need not be published
  ID@VERSION  the new version, published
  --from      the version that people are in; left out, the newest published one before the new one
  --map       the step of the new version that goes on with an old one; nothing after "=" ends it
  --group     names the follow-ups of one group of the list, 200 at a time

${whereAndWho}`;

process.exitCode = await runCommand(usage, async () => {
  const { target, from, body, language, isJson } = readArguments();
  const next = versionOf(target);
  const api = apiOf('examining tool');
  const old = from ?? (await newestBefore(api, next));
  const answer = await api.ask('POST', `/v1/plans/${encodeURIComponent(next.planId)}/versions/${old}/examine`, { ...body, ...next.said });
  return isJson ? `${JSON.stringify({ planId: next.planId, from: old, ...lookAnswer.parse(answer) }, null, 2)}\n` : groupTable(lookAnswer.parse(answer), language);
});

interface NewVersion {
  planId: string;
  version: number;
  /** What the request says of it. */
  said: { to: number } | { plan: string };
}

function versionOf(target: string): NewVersion {
  const [, planId, version] = /^([a-z][a-z0-9-]*)@(\d{1,9})$/.exec(target) ?? [];
  if (planId !== undefined) return { planId, version: Number(version), said: { to: Number(version) } };
  const text = readText(target);
  const named = z.looseObject({ id: z.string(), version: z.int() }).safeParse(parsedYaml(text));
  if (!named.success) throw new Refusal(`Write "id" and "version" in ${target}, as docs/plan-language.md shows.`);
  return { planId: named.data.id, version: named.data.version, said: { plan: text } };
}

/** Faults of the text are the API's to tell, with their lines; here it is only asked which plan it is. */
function parsedYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Refusal(`Make ${file} readable, or name another file, or a published version as ID@VERSION.`);
  }
}

async function newestBefore(api: Api, { planId, version }: NewVersion): Promise<number> {
  const items = z.array(z.looseObject({ planId: z.string(), version: z.number() })).parse(await api.list('/v1/plans'));
  const older = items.filter((item) => item.planId === planId && item.version < version).map((item) => item.version);
  if (older.length === 0) throw new Refusal(`No version of ${planId} before ${version} is published, so nobody is in one. Raise "version", or check the plan's id.`);
  return Math.max(...older);
}

function readArguments() {
  const one = { type: 'string' } as const;
  const several = { type: 'string', multiple: true, default: [] } as { type: 'string'; multiple: true; default: string[] };
  const { values, positionals } = readFlags({ allowPositionals: true, options: { from: one, map: several, group: one, after: one, language: { type: 'string', default: 'en' }, json: { type: 'boolean', default: false } } });
  const [target, ...others] = positionals;
  const language = languages.find((candidate) => candidate === values.language);
  const from = values.from === undefined ? undefined : Number(values.from);
  if (target === undefined || others.length > 0 || language === undefined || (from !== undefined && !Number.isInteger(from)) || (values.after !== undefined && values.group === undefined)) throw new Misunderstood();
  const list = values.group === undefined ? {} : { list: { group: values.group, limit: 200, ...(values.after === undefined ? {} : { cursor: values.after }) } };
  return { target, from, body: { ...stepMapOf(values.map), ...list }, language, isJson: values.json };
}
