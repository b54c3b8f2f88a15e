import { parseArgs } from 'node:util';
import { threadPrefix } from './reconcile.ts';
import type { Difference } from '../store/reconcile.ts';

const usage = `Compares what was planned with what the threads do and what the SMS provider has, and prints the differences.

  npm run reconcile -- [--at INSTANT] [--hours N] [--start-missing] [--json]

  --at             as of this instant (ISO 8601); now unless told
  --hours          how far back the provider's log is compared; 24 unless told
  --start-missing  starts in Temporal each thread that is missing there (after Temporal or Postgres was restored); alerts first
  --json           the differences as JSON

Reads the worker's configuration. Ends with 0 when there is no difference, 1 when there is, 2 when it could not be compared.
`;

const hourMs = 3_600_000;

/** What the command was asked to compare: business time, and from when on the provider's log. */
export interface Compared {
  asOf: Date;
  since: Date;
}

/** What the command does it with. */
export interface ReconcileWork {
  compare: (compared: Compared) => Promise<Difference[]>;
  /** Starts these threads, of those that are open; answers with how many. */
  start: (workflowIds: readonly string[]) => Promise<number>;
}

export interface CommandAnswer {
  exitCode: 0 | 1 | 2;
  /** For the standard output; for the standard error where it could not be compared. */
  text: string;
}

/** The command, from its arguments to what it prints. */
export async function reconcileCommand(args: readonly string[], { compare, start }: ReconcileWork, now: Date): Promise<CommandAnswer> {
  const { values } = parseArgs({ args: [...args], options: { at: { type: 'string' }, hours: { type: 'string', default: '24' }, 'start-missing': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } } });
  const asOf = new Date(values.at ?? now);
  const hours = Number(values.hours);
  if (Number.isNaN(asOf.getTime()) || !(hours > 0)) return { exitCode: 2, text: usage };
  const differences = await compare({ asOf, since: new Date(asOf.getTime() - hours * hourMs) });
  const missing = differences.flatMap(({ kind, subject }) => (kind === 'thread-missing' ? [subject.slice(threadPrefix.length)] : []));
  const started = values['start-missing'] && missing.length > 0 ? await start(missing) : null;
  const said = started === null || values.json ? '' : `${started} of ${missing.length} missing threads started. Compare again in a minute.\n`;
  return { exitCode: differences.length === 0 ? 0 : 1, text: values.json ? `${JSON.stringify(differences, null, 2)}\n` : `${tableOf(differences, asOf)}${said}` };
}

function tableOf(differences: readonly Difference[], asOf: Date): string {
  if (differences.length === 0) return `No difference, as of ${asOf.toISOString()}.\n`;
  const kindWidth = Math.max(...differences.map((difference) => difference.kind.length));
  const subjectWidth = Math.max(...differences.map((difference) => difference.subject.length));
  const rows = differences.map(({ kind, subject, message }) => `${kind.padEnd(kindWidth)}  ${subject.padEnd(subjectWidth)}  ${message}\n`);
  return `${rows.join('')}${differences.length} difference${differences.length === 1 ? '' : 's'}, as of ${asOf.toISOString()}.\n`;
}
