import { parentPort } from 'node:worker_threads';
import { examine } from '../domain/rehearsal/examine.ts';
import type { RehearsalJob } from './rehearser.ts';

/** Runs in a thread of its own (see threads.ts): plays the plans that it is given, one after the other. */
parentPort?.on('message', ({ plan, content, assumed }: RehearsalJob) => parentPort?.postMessage(examine(plan, content, assumed)));
