import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import proto from '@temporalio/proto';
import { findTemporalCli } from '../../sandbox/temporal-cli.ts';
import { startTemporal } from '../../sandbox/temporal.ts';
import { openRealStage } from '../workflow/stage.ts';
import { scenes } from './scenes.ts';

/**
 * `node scripts/run.mjs test/replay/record.ts`: plays the scenes on a real server and keeps their histories under this
 * release's version. What is there already is left alone, for ever: those histories are still asleep somewhere.
 */
const { version } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string };
const folder = path.join(import.meta.dirname, 'histories', version);
const fileOf = (name: string): string => path.join(folder, `${name}.json`);
const missing = scenes.filter(({ name }) => !existsSync(fileOf(name)));
if (missing.length > 0) {
  const cli = await findTemporalCli();
  if (cli === undefined) throw new Error('No Temporal server yet. Run "node scripts/run.mjs sandbox/obtain.ts temporal".');
  await mkdir(folder, { recursive: true });
  const server = await startTemporal({ cli, namespace: 'default', searchAttributes: {} });
  const stage = await openRealStage(server);
  try {
    for (const { name, type, play } of missing) {
      stage.care.reset();
      const { events } = await stage.history(type, await play(stage));
      // Protobuf, not its JSON: the SDK's JSON reader fails where npm keeps several copies of protobufjs.
      const history = Buffer.from(proto.temporal.api.history.v1.History.encode({ events: events ?? [] }).finish()).toString('base64');
      await writeFile(fileOf(name), `${JSON.stringify({ workflowType: type, events: events?.length ?? 0, history }, null, 2)}\n`, { flag: 'wx' });
      console.log(`recorded ${name}`);
    }
  } finally {
    await stage.close();
    await server.stop();
  }
}
console.log(`${scenes.length - missing.length} were there already and were left alone.`);
