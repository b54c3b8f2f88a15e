import { readFileSync } from 'node:fs';
import type { z } from 'zod';

/** The only module that reads the environment. What a process needs is listed beside it, one file a process. */

/** One key of the environment: its name, what it means (one line), how its text is read, and whether it is a secret. */
export interface Key<Value> {
  readonly name: string;
  readonly doc: string;
  readonly schema: z.ZodType<Value, string | undefined>;
  /** Never shown, and readable from a file that `<NAME>_FILE` names. */
  readonly secret: boolean;
}

export type KeySet = Readonly<Record<string, Key<unknown>>>;
export type Values<Keys extends KeySet> = { readonly [Name in keyof Keys]: Keys[Name] extends Key<infer Value> ? Value : never };
export type Environment = Readonly<Record<string, string | undefined>>;

/** What one process reads. `check` sees values that are right one by one, and names those that do not fit together. */
export interface ProcessDefinition<Keys extends KeySet> {
  readonly process: string;
  readonly keys: Keys;
  readonly check?: (values: Values<Keys>) => readonly string[];
}

export type ConfigOf<Definition> = Definition extends ProcessDefinition<infer Keys> ? Values<Keys> : never;

/** Thrown when the environment does not do; lists all that is wrong, never a secret's value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'bad-configuration';
  readonly faults: readonly string[];

  constructor(processName: string, faults: readonly string[]) {
    super(`The ${processName} cannot start. Set these (docs/configuration.md tells what each means):\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

export function key<Value>(name: string, schema: z.ZodType<Value, string | undefined>, doc: string): Key<Value> {
  return { name, doc, schema, secret: false };
}

export function secretKey<Value>(name: string, schema: z.ZodType<Value, string | undefined>, doc: string): Key<Value> {
  return { name, doc, schema, secret: true };
}

/** Lets the type of a definition be inferred from its keys. */
export function defineProcess<const Keys extends KeySet>(definition: ProcessDefinition<Keys>): ProcessDefinition<Keys> {
  return definition;
}

/** The process's configuration. Throws ConfigError. An empty variable counts as unset, as compose files write it. */
export function readConfig<Keys extends KeySet>(definition: ProcessDefinition<Keys>, env: Environment): Values<Keys> {
  const faults: string[] = [];
  const entries = Object.entries(definition.keys).map(([property, each]) => [property, readKey(each, env, faults)] as const);
  if (faults.length > 0) throw new ConfigError(definition.process, faults);
  const values = Object.fromEntries(entries) as Values<Keys>;
  const misfits = definition.check?.(values) ?? [];
  if (misfits.length > 0) throw new ConfigError(definition.process, misfits);
  return values;
}

/** The process's configuration from its own environment, or the end of the process with the list of faults and exit code 1. */
export function loadConfig<Keys extends KeySet>(definition: ProcessDefinition<Keys>): Values<Keys> {
  try {
    return readConfig(definition, process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function readKey(each: Key<unknown>, env: Environment, faults: string[]): unknown {
  const text = textOf(each, env, faults);
  if (text === unreadable) return undefined;
  const parsed = each.schema.safeParse(text);
  if (parsed.success) return parsed.data;
  const problem = text === undefined ? `is not set${each.secret ? ` (nor ${each.name}_FILE)` : ''}` : (parsed.error.issues[0]?.message ?? 'is wrong');
  faults.push(`${each.name} ${problem}. ${each.doc}`);
  return undefined;
}

/** Marks a key whose fault was told already. */
const unreadable = Symbol('unreadable');

function textOf(each: Key<unknown>, env: Environment, faults: string[]): string | undefined | typeof unreadable {
  const direct = given(env[each.name]);
  const file = each.secret ? given(env[`${each.name}_FILE`]) : undefined;
  if (file === undefined) return direct;
  if (direct !== undefined) {
    faults.push(`${each.name} and ${each.name}_FILE are both set: keep one.`);
    return unreadable;
  }
  try {
    return given(readFileSync(file, 'utf8').trim());
  } catch {
    faults.push(`${each.name}_FILE names a file that cannot be read: ${file}.`);
    return unreadable;
  }
}

function given(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
