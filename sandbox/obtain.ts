import { obtainChromium } from './chromium.ts';
import { obtainNode24 } from './node-24.ts';
import { obtainTemporalCli } from './temporal-cli.ts';
import { obtainTimeSkippingServer } from './time-skipping.ts';

/**
 * `node scripts/run.mjs sandbox/obtain.ts temporal|time-skipping|chromium|node-24`: gets a tool into its cache. Prints
 * progress, then the tool's path; exits 1 with the reason as last line where it cannot be had.
 */
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function obtain(what: string | undefined): Promise<string> {
  if (what === 'temporal') return obtainTemporalCli(say);
  if (what === 'chromium') return obtainChromium(say);
  if (what === 'node-24') return obtainNode24(say);
  if (what !== 'time-skipping') throw new Error('Say what to obtain: temporal, time-skipping, chromium or node-24.');
  const server = await obtainTimeSkippingServer(say);
  if (server.type === 'missing') throw new Error(server.reason);
  return server.path;
}

await obtain(process.argv[2]).then(say, (error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
