import { obtainChromium } from './chromium.ts';
import { obtainNode24 } from './node-24.ts';
import { obtainTemporalCli } from './temporal-cli.ts';
import { obtainTimeSkippingServer } from './time-skipping.ts';

/**
 * `node scripts/run.mjs sandbox/obtain.ts temporal time-skipping chromium node-24`: gets tools into their cache, side by side.
 * Prints a line of JSON for each thing that it has to say: `{ tool, says }` on the way, then `{ tool, path }`, or `{ tool, reason }`
 * where it cannot be had. Exits 1 unless it has got all.
 */
const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function obtain(tool: string): Promise<string> {
  const say = (says: string): void => tell({ tool, says });
  if (tool === 'temporal') return obtainTemporalCli(say);
  if (tool === 'chromium') return obtainChromium(say);
  if (tool === 'node-24') return obtainNode24(say);
  if (tool !== 'time-skipping') throw new Error('Say what to obtain: temporal, time-skipping, chromium or node-24.');
  const server = await obtainTimeSkippingServer(say);
  if (server.type === 'missing') throw new Error(server.reason);
  return server.path;
}

await Promise.all(
  process.argv.slice(2).map((tool) =>
    obtain(tool).then((path) => tell({ tool, path }), (error: unknown) => {
      tell({ tool, reason: error instanceof Error ? error.message : String(error) });
      process.exitCode = 1;
    }),
  ),
);
