import { parentPort, workerData } from 'node:worker_threads';
import { connect } from '../store/connect.ts';
import { lookAtEverybody } from './look-at-everybody.ts';
import type { LookJob } from './looker.ts';

/** Runs in a thread of its own (see threads.ts). It reads positions only: rights and keys are the API's own thread's, which gives it opened facts with the job. */
const { databaseUrl } = workerData as { databaseUrl: string };
const sql = connect(databaseUrl, { max: 1, applicationName: 'carethread-api-look' });
const answer = async (job: LookJob): Promise<void> => parentPort?.postMessage(await lookAtEverybody(sql, job));
// What fails ends the thread, and is thrown to whoever gave the job.
parentPort?.on('message', (job: LookJob) => void answer(job));
