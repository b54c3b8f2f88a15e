import { text as readAll } from 'node:stream/consumers';
import { z } from 'zod';
import { defineProcess, loadConfig, secretKey } from '../config/load.ts';
import { e164, postgresUrl } from '../config/values.ts';
import { languages, roles } from '../domain/codes.ts';
import { connect } from '../store/connect.ts';
import type { Sql } from '../store/connect.ts';
import { findPersonForSignIn, savePeople } from '../store/people.ts';
import { unmannedRotas } from '../store/rotas.ts';
import type { UnmannedRota } from '../store/rotas.ts';
import { hashPassword, isPassword } from './passwords.ts';
import { department } from './schemas.ts';

/**
 * Makes or changes staff and rotas from JSON on standard input, by login; prints the ids. Works as ct_migrate or as an
 * administrator of the database (the processes' own logins may not):
 *
 *   DATABASE_URL_MIGRATE=... node scripts/run.mjs api/people-cli.ts < people.json
 *
 * { "people": [{ "login", "displayName", "password"?, "roles", "departments", "phone"?, "language"?, "active"? }], "rotas": [{ "role", "logins" }] }
 *
 * "language" is what they are paged in: "en" unless told. Without "password" a known person keeps theirs, and a new one cannot
 * sign in; null takes it away. A new password, or `"active": false`, ends every session of that person; the same password
 * again changes nothing. What leaves a rota with nobody although plans page it is done, and said on standard error.
 */
const person = z.strictObject({
  login: z.string().trim().min(1).max(200).transform((login) => login.normalize('NFC')),
  displayName: z.string().trim().min(1).max(120),
  password: z.string().min(12, 'Use at least 12 characters.').max(1024).nullable().optional(),
  roles: z.array(z.enum(roles)).min(1),
  departments: z.array(department).default([]),
  phone: e164.nullable().default(null),
  language: z.enum(languages).default('en'),
  active: z.boolean().default(true),
});
const input = z.strictObject({ people: z.array(person).default([]), rotas: z.array(z.strictObject({ role: z.string().regex(/^[a-z][a-z0-9-]{0,47}$/), logins: z.array(z.string()).min(1) })).default([]) });

const config = loadConfig(defineProcess({ process: 'people tool', keys: { databaseUrl: secretKey('DATABASE_URL_MIGRATE', postgresUrl, 'The facts, as login ct_migrate or an administrator.') } }));
process.exitCode = await run();

async function run(): Promise<number> {
  const parsed = input.safeParse(jsonOf(await readAll(process.stdin)));
  if (!parsed.success) {
    process.stderr.write(`Correct the input:\n${parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`).join('\n')}\n`);
    return 1;
  }
  const sql = connect(config.databaseUrl, { max: 1, applicationName: 'carethread-people' });
  try {
    const people = await Promise.all(parsed.data.people.map(async ({ password, ...rest }) => ({ ...rest, passwordHash: await hashToSave(sql, rest.login, password) })));
    const before = await unmannedRotas(sql);
    process.stdout.write(`${JSON.stringify({ people: await savePeople(sql, people, parsed.data.rotas) })}\n`);
    const lost = (await unmannedRotas(sql)).filter(({ rota }) => before.every((other) => other.rota !== rota));
    process.stderr.write(lost.map(warningOf).join(''));
    return 0;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function warningOf({ rota, pagedBy }: UnmannedRota): string {
  return `Warning: nobody on the rota "${rota}" can be paged any more, and ${pagedBy.join(', ')} ${pagedBy.length === 1 ? 'pages' : 'page'} it. Put somebody active who has a phone on it, or publish a version that pages another rota and move the patients. Until then its pages go to the next rung, and staff get a task.\n`;
}

/** Undefined keeps the hash that there is: a list that is loaded again must not sign everybody out. */
async function hashToSave(sql: Sql, login: string, password: string | null | undefined): Promise<string | null | undefined> {
  if (typeof password !== 'string') return password;
  const known = await findPersonForSignIn(sql, login);
  const isKept = known?.passwordHash != null && (await isPassword(password, known.passwordHash));
  return isKept ? undefined : hashPassword(password);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
