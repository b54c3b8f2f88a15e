import { once } from 'node:events';
import { startCluster } from './cluster.ts';

/** The one cluster of an `npm test`, whose suites find it by CARETHREAD_TEST_CLUSTER. Says in one line how it is reached; ends with its input. */
const { cluster, stop } = await startCluster();
process.stdout.write(`${JSON.stringify(cluster)}\n`);
process.stdin.resume();
await Promise.race([once(process.stdin, 'end'), once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await stop();
process.stdin.destroy();
