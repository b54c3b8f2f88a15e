import { parentPort } from 'node:worker_threads';

/** A thread (see api/threads.ts) that tells what it finds in its environment, or works on `work without an end`. */
parentPort?.on('message', (job: string) => {
  if (job !== 'work without an end') parentPort?.postMessage(Object.keys(process.env));
});
