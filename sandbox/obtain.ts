import { obtainTemporalCli } from './temporal-cli.ts';
import { obtainTimeSkippingServer } from './time-skipping.ts';

/**
 * `node scripts/run.mjs sandbox/obtain.ts temporal|time-skipping`: gets a server into the cache. Prints progress;
 * exits 1 with the reason as last line where it cannot be had.
 */
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const what = process.argv[2];

async function obtain(): Promise<string> {
  if (what === 'temporal') return process.env['TEMPORAL_ADDRESS'] ?? obtainTemporalCli(say);
  if (what !== 'time-skipping') throw new Error('Say what to obtain: temporal or time-skipping.');
  const server = await obtainTimeSkippingServer(say);
  if (server.type === 'missing') throw new Error(server.reason);
  return server.path;
}

await obtain().then(say, (error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
