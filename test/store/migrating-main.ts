import { connect } from '../../store/connect.ts';
import { migrateOrdered } from '../../worker/migrating.ts';

/** What the worker's process does of ordered moves, in a process of its own, to be killed. It says each enrolment that it would poke. */
const [databaseUrl = '', now = ''] = process.argv.slice(2);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const sql = connect(databaseUrl, { max: 4 });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
await migrateOrdered(
  {
    sql, clock: () => new Date(now), logger: { debug: () => undefined, warn: (fields: unknown) => void process.stderr.write(`${JSON.stringify(fields)}\n`) },
    poker: { poke: (threads) => Promise.resolve(threads.map(({ workflowId }) => say(workflowId)).length) },
  },
  stop.signal,
);
await sql.end();
