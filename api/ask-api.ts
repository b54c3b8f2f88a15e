import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { z } from 'zod';
import { defineProcess, key, loadConfig, secretKey } from '../config/load.ts';
import { httpUrl, text } from '../config/values.ts';
import { forTerminal } from './terminal.ts';

/** What commands share that are thin clients of the API: its rights, its audit and its rules are then the same for them as for anybody. */

/** Thrown for what was refused or cannot be done; the message says what to do, and is all that is printed. */
export class Refusal extends Error {}

/** Thrown for a command line that is not understood. */
export class Misunderstood extends Error {}

/** For a command's usage. */
export const whereAndWho = 'PUBLIC_URL says where the API is, CARETHREAD_TOKEN (or CARETHREAD_TOKEN_FILE) whose session it is: what is looked at is on record in that name.\nEnds with 0, or 1 when it was refused, or 2 when it was not understood.\n';

const problem = z.looseObject({ detail: z.string(), errors: z.array(z.object({ pointer: z.string(), message: z.string() })).default([]) });

export interface Api {
  /** The parsed answer. Throws a Refusal with what the API says to do. */
  ask(method: 'GET' | 'POST', path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  /** Every item of a list, page after page. Throws as `ask` does. */
  list(path: string): Promise<unknown[]>;
}

const page = z.object({ items: z.array(z.unknown()), nextCursor: z.string().nullable() });

/** The API of `PUBLIC_URL` in the name of whoever's token it is. Ends the process where these are not set; `tool` is what it then calls itself. */
export function apiOf(tool: string): Api {
  const { publicUrl, token } = loadConfig(defineProcess({ process: tool, keys: { publicUrl: key('PUBLIC_URL', httpUrl, 'Where the API is.'), token: secretKey('CARETHREAD_TOKEN', text.min(1, 'must be the token of a session'), 'Whose session it is: the token that POST /sign-in of the authentication process gave.') } }));
  const api: Api = {
    async ask(method, path, body, headers = {}) {
      const response = await fetch(`${publicUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).catch((error: unknown) => {
        throw new Refusal(`The API cannot be reached at ${publicUrl}. Start it, or set PUBLIC_URL to where it is.`, { cause: error });
      });
      const answer: unknown = await response.json().catch(() => null);
      if (response.ok) return answer;
      const told = problem.safeParse(answer);
      if (!told.success) throw new Refusal(`${publicUrl} answered ${response.status}, and not as this API does. Check PUBLIC_URL.`);
      throw new Refusal([told.data.detail, ...told.data.errors.map(({ pointer, message }) => `  ${pointer}: ${message}`)].join('\n'));
    },
    async list(path) {
      const found: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const { items, nextCursor }: z.output<typeof page> = page.parse(await api.ask('GET', `${path}?limit=200${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`));
        found.push(...items);
        cursor = nextCursor;
      }
      return found;
    },
  };
  return api;
}

/** Runs a command and answers with its exit code. What it answers is printed; `--help` prints its usage. */
export async function runCommand(usage: string, command: () => Promise<string>): Promise<number> {
  if (process.argv.slice(2).includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    process.stdout.write(forTerminal(await command()));
    return 0;
  } catch (error) {
    if (error instanceof Misunderstood) {
      process.stderr.write(`${error.message === '' ? '' : `${error.message}\n`}${usage}`);
      return 2;
    }
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(forTerminal(`${error.message}\n`));
    return 1;
  }
}

/** The command line by its flags; one that names others is not understood. */
export function readFlags<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new Misunderstood(error instanceof Error ? error.message : '');
  }
}

/** `a=b` as a pair, of a flag that may stand several times. */
export function pairsOf(written: readonly string[]): [string, string][] {
  return written.map((pair) => {
    const [name, value, ...more] = pair.split('=');
    if (name === undefined || value === undefined || more.length > 0) throw new Misunderstood(`Write ${pair} as NAME=VALUE.`);
    return [name, value];
  });
}

/** `--map OLD=NEW` and `--map OLD=`, which ends a step. */
export function stepMapOf(written: readonly string[]): { stepMap?: Record<string, string | null> } {
  return written.length === 0 ? {} : { stepMap: Object.fromEntries(pairsOf(written).map(([step, next]) => [step, next === '' ? null : next])) };
}
