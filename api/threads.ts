import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createPlaces } from './places.ts';
import type { PlaceSettings } from './places.ts';
import { Problem } from './problem.ts';

export interface ThreadSettings extends Pick<PlaceSettings, 'atOnce'> {
  /** After so long a job is stopped, wherever it is. */
  timeLimitMs: number;
}

export interface ThreadKind extends Omit<PlaceSettings, 'atOnce'> {
  /** The file of `api/` that a thread runs: it answers each message with one. */
  file: string;
  /** What each thread is given at its start. */
  data?: unknown;
  heapMb: number;
  /** Of a job that took too long, or more memory than a thread has. */
  tooMuch: () => Error;
}

export interface Threads<Job, Answer> {
  /** Has a place for as long as `work` lasts, when it is this person's turn, or refuses with 429 before anything is done. `run` does one job in a thread. */
  within<Result>(personId: string, work: (run: (job: Job) => Promise<Answer>) => Promise<Result>): Promise<Result>;
  /** Ends all, those at work too: their jobs reject, and no other is begun. */
  close(): Promise<void>;
}

/** A thread that waits for its next job holds memory, and is ended after a while. */
const idleMs = 60_000;

/** Compiled, a thread's file is JavaScript beside this one; from source it is run as every process of ours is. */
const isCompiled = fileURLToPath(import.meta.url).endsWith('.js');

/**
 * Does long work in threads, so that the API's event loop goes on answering patients' and the provider's requests, and the process keeps its
 * memory. Jobs and answers are plain data, because they are copied. A thread does one job at a time and is kept for the next one.
 */
export function createThreads<Job, Answer>({ file, data, heapMb, tooMuch, ...shared }: ThreadKind, { timeLimitMs, atOnce }: ThreadSettings): Threads<Job, Answer> {
  const idle = new Map<Worker, NodeJS.Timeout>();
  const atWork = new Set<Worker>();
  let isClosed = false;
  const places = createPlaces({ atOnce, ...shared });

  const start = (): Worker => {
    // Without the process's environment, which names its secrets' files: what a thread needs it is given.
    const options = { workerData: data, env: {}, resourceLimits: { maxOldGenerationSizeMb: heapMb } };
    return isCompiled ? new Worker(new URL(`./${file}.js`, import.meta.url), options) : new Worker(new URL('../scripts/run.mjs', import.meta.url), { ...options, argv: [`api/${file}.ts`] });
  };
  /** By name: among the others is one of Node's own, without which no job arrives. */
  const forget = (thread: Worker): void => {
    for (const event of ['message', 'error', 'exit']) thread.removeAllListeners(event);
  };
  const take = (): Worker => {
    const [waiting] = idle;
    if (waiting === undefined) return start();
    const [thread, timer] = waiting;
    clearTimeout(timer);
    idle.delete(thread);
    forget(thread);
    thread.ref();
    return thread;
  };
  const keep = (thread: Worker): void => {
    forget(thread);
    thread.unref();
    const drop = (): void => {
      clearTimeout(idle.get(thread));
      idle.delete(thread);
    };
    // One that dies while it waits is no job's fault.
    thread.once('error', drop).once('exit', drop);
    const end = (): void => {
      drop();
      void thread.terminate();
    };
    idle.set(thread, setTimeout(end, idleMs).unref());
  };
  const run = async (job: Job): Promise<Answer> => {
    if (isClosed) throw new Problem('unavailable', 'This process is stopping, and nothing was changed. Send it again.');
    const thread = take();
    atWork.add(thread);
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await new Promise<Answer>((resolve, reject) => {
        timer = setTimeout(() => reject(tooMuch()), timeLimitMs);
        thread.once('message', resolve);
        thread.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooMuch() : error));
        thread.once('exit', () => reject(new Error(`A thread of ${file} ended without an answer.`)));
        thread.postMessage(job);
      });
      keep(thread);
      return answer;
    } catch (error) {
      await thread.terminate();
      throw error;
    } finally {
      atWork.delete(thread);
      clearTimeout(timer);
    }
  };
  return {
    within: (personId, work) => places.within(personId, () => work(run)),
    async close() {
      isClosed = true;
      await Promise.all([...idle.keys(), ...atWork].map((thread) => thread.terminate()));
    },
  };
}
