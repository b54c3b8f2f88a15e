import { parentPort } from 'node:worker_threads';

/** A thread (see api/threads.ts) that tells what it finds in its environment. */
parentPort?.on('message', () => parentPort?.postMessage(Object.keys(process.env)));
