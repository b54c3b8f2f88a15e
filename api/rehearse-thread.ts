import { parentPort, workerData } from 'node:worker_threads';
import { examine } from '../domain/rehearsal/examine.ts';
import type { RehearsalJob } from './rehearser.ts';

/** Runs in a thread of its own (see rehearser.ts): plays the one plan that it was given, answers, and ends. */
const { plan, content, assumed } = workerData as RehearsalJob;
parentPort?.postMessage(examine(plan, content, assumed));
