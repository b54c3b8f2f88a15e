import { parentPort, workerData } from 'node:worker_threads';
import type { RehearsalContent } from '../domain/rehearsal/types.ts';
import { rehearseText } from './rehearse-text.ts';

/** Runs in a thread of its own (see threads.ts): reads and plays what requests ask for, one after the other. */
const content = workerData as RehearsalContent;
parentPort?.on('message', (text: string) => {
  const rehearsed = rehearseText(content, text);
  parentPort?.postMessage(rehearsed, rehearsed.ok ? [rehearsed.json.buffer] : []);
});
