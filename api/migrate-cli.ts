import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { defineProcess, loadConfig, secretKey, key } from '../config/load.ts';
import { httpUrl, text } from '../config/values.ts';
import { languages } from '../domain/codes.ts';

/** Moves enrolments through the API, so that the right, the audit and the rules are the same as for anybody. */
const usage = `Shows what moving everybody to a later version of their plan would change, and orders it with --order.

  CARETHREAD_TOKEN=... npm run migrate:plan -- --plan ID --from N --to N [--choice keep|move|restart] [--group ID=keep|move|restart ...]
      [--map OLD=NEW ...] [--map OLD= ...] [--language en|zh] [--json] [--order --why CODE]

  --group   for one group of the list in place of --choice; without --choice all others stay
  --map     the step of the new version that goes on with an old one; nothing after "=" ends it
  --order   carries it out, for the reason --why; else nothing is changed

PUBLIC_URL says where the API is, CARETHREAD_TOKEN (or CARETHREAD_TOKEN_FILE) whose session it is. Ends with 0, or 1 when it was refused, or 2 when it was not understood.
`;

const groups = z.array(z.object({ group: z.string(), choice: z.string(), result: z.string(), count: z.number(), words: z.object({ en: z.string(), zh: z.string() }) }));
const answer = z.looseObject({ migrationId: z.string().optional(), total: z.number(), notYours: z.number().optional(), groups });
const problem = z.looseObject({ detail: z.string(), errors: z.array(z.object({ pointer: z.string(), message: z.string() })).default([]) });

process.exitCode = await main();

async function main(): Promise<number> {
  const asked = readArguments();
  if (asked === null) {
    process.stderr.write(usage);
    return 2;
  }
  const { publicUrl, token } = loadConfig(defineProcess({ process: 'migration tool', keys: { publicUrl: key('PUBLIC_URL', httpUrl, 'Where the API is.'), token: secretKey('CARETHREAD_TOKEN', text.min(1, 'must be the token of a session'), 'Whose session it is.') } }));
  const response = await fetch(`${publicUrl}/v1/plans/${encodeURIComponent(asked.planId)}/migrations${asked.isOrder ? '' : '/preview'}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...(asked.isOrder ? { 'idempotency-key': randomUUID() } : {}) },
    body: JSON.stringify(asked.body),
  });
  const body: unknown = await response.json();
  if (!response.ok) {
    const { detail, errors } = problem.parse(body);
    process.stderr.write([detail, ...errors.map(({ pointer, message }) => `  ${pointer}: ${message}`), ''].join('\n'));
    return 1;
  }
  process.stdout.write(asked.isJson ? `${JSON.stringify(body, null, 2)}\n` : tableOf(answer.parse(body), asked.language));
  return 0;
}

function readArguments() {
  const one = { type: 'string' } as const;
  const several = { type: 'string', multiple: true, default: [] } as { type: 'string'; multiple: true; default: string[] };
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({ options: { plan: one, from: one, to: one, choice: one, group: several, map: several, language: { type: 'string', default: 'en' }, json: flag, order: flag, why: one } });
    const language = languages.find((candidate) => candidate === values.language);
    const [from, to] = [Number(values.from), Number(values.to)];
    if (values.plan === undefined || !Number.isInteger(from) || !Number.isInteger(to) || language === undefined || (values.order && values.why === undefined)) return null;
    const [chosen, map] = [pairsOf(values.group), pairsOf(values.map)];
    const body = {
      from, to,
      ...(map.length === 0 ? {} : { stepMap: Object.fromEntries(map.map(([step, next]) => [step, next === '' ? null : next])) }),
      ...(values.choice === undefined ? {} : { choice: values.choice }),
      ...(chosen.length === 0 ? {} : { groups: Object.fromEntries(chosen) }),
      ...(values.order ? { why: values.why } : {}),
    };
    return { planId: values.plan, body, language, isJson: values.json, isOrder: values.order };
  } catch {
    return null;
  }
}

/** `a=b` as a pair. Throws on what is none. */
function pairsOf(written: readonly string[]): [string, string][] {
  return written.map((pair) => {
    const [name, value, ...more] = pair.split('=');
    if (name === undefined || value === undefined || more.length > 0) throw new Error(`Write ${pair} as NAME=VALUE.`);
    return [name, value];
  });
}

function tableOf({ migrationId, total, notYours = 0, groups: alike }: z.output<typeof answer>, language: 'en' | 'zh'): string {
  const lines = alike.map(({ group, words }) => `${group}  ${words[language]}`);
  const ends = [`${total} follow-ups${notYours === 0 ? '' : `, and ${notYours} that are not in your care`}.`, ...(migrationId === undefined ? ['Nothing was changed.'] : [`Ordered as ${migrationId}.`])];
  return [...lines, ...ends, ''].join('\n');
}
