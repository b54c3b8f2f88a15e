import { readFile } from 'node:fs/promises';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

/**
 * A worker in a process of its own, to be killed. What its activities are to do it asks of the test, which keeps all state, as Postgres does.
 * So many are started that each is kept cheap: plain JavaScript, and debug mode, which runs the workflows without threads of their own.
 */
const [address, bundleFile, activityNames, queues] = process.argv.slice(2);
/** As many as may be held at once, each in a task of its own. */
const lives = 500;
const asked = new Map();

const ask = (name) => (...args) =>
  new Promise((resolve) => {
    const id = asked.size;
    asked.set(id, resolve);
    process.send({ kind: 'ask', id, name, args });
  });
const activities = Object.fromEntries(activityNames.split(',').map((name) => [name, ask(name)]));

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'temporalio_sdk_core=ERROR' } }, shutdownSignals: [] });
const connection = await NativeConnection.connect({ address });
const workflowBundle = { code: await readFile(bundleFile, 'utf8') };
const workers = await Promise.all(
  queues.split(',').map((taskQueue) =>
    Worker.create({
      connection, taskQueue, activities, debugMode: true, stickyQueueScheduleToStartTimeout: '1 second', maxConcurrentActivityTaskExecutions: lives, maxConcurrentWorkflowTaskExecutions: lives,
      // No thread runs on the queue of calls to patients: only their placing.
      ...(taskQueue === 'bulk' ? {} : { workflowBundle }),
    }),
  ),
);
process.on('message', (word) => {
  if (word.kind === 'work') for (const worker of workers) void worker.run();
  else asked.get(word.id)(word.value);
});
process.once('disconnect', () => process.exit(0));
process.send({ kind: 'ready' });
