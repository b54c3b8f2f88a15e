import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { taskQueues } from '../../../domain/threads.ts';
import type { CareActivities } from '../../../domain/threads.ts';
import type { FromWorker, ToWorker } from './words.ts';

const program = fileURLToPath(new URL('worker-main.mjs', import.meta.url));

/** One worker process works at a time. */
export interface Workers {
  /** Has the next one loaded and connected before the death comes, so that it takes over at once. */
  expectDeath(): void;
  /** SIGKILL to the one that works; settles once it is gone, and nobody works. */
  kill(): Promise<void>;
  /** The next one takes over. */
  replace(): Promise<void>;
  close(): Promise<void>;
}

export interface WorkersOptions {
  address: string;
  /** File with the workflows as one script. */
  bundleFile: string;
  /** What activities do; a process that dies meanwhile gets no answer. */
  act: Act;
}

type Act = (name: keyof CareActivities, args: unknown[]) => Promise<unknown>;

const activityNames: Record<keyof CareActivities, true> = {
  resumePlan: true, remindPatient: true, resumeConversation: true, contactPatient: true, resumeEscalation: true, pageStaff: true, placeCall: true, followCall: true, storeRecording: true, deleteRecordingAtProvider: true,
};

export async function startWorkers({ address, bundleFile, act }: WorkersOptions): Promise<Workers> {
  const words = [address, bundleFile, Object.keys(activityNames).join(','), Object.values(taskQueues).join(',')];
  const work = async (prepared: Promise<ChildProcess>): Promise<ChildProcess> => {
    const child = await prepared;
    child.on('message', (word: FromWorker) => {
      if (word.kind !== 'ask') return;
      const { id, name, args } = word;
      void act(name, args).then((value) => tell(child, { kind: 'answer', id, value }));
    });
    tell(child, { kind: 'work' });
    return child;
  };
  let working = await work(prepare(words));
  let waiting: Promise<ChildProcess> | null = null;
  return {
    expectDeath: () => {
      waiting ??= prepare(words);
    },
    kill: () => end(working),
    replace: async () => {
      working = await work(waiting ?? prepare(words));
      waiting = null;
    },
    close: async () => {
      await Promise.all([end(working), waiting?.then(end)]);
    },
  };
}

/** A death of the worker that many lives have in common: it comes when each is where it is to come, or has ended without getting there. */
export interface Death {
  /** A life is where the death is to find it. Settles once nobody works. */
  held(): Promise<void>;
  /** What happened to that life while nobody worked has happened. Settles once the next worker has taken over. */
  over(): Promise<void>;
  /** A life has ended and was never there. */
  passedBy(): void;
}

export function oneDeath(workers: Workers, lives: number): Death {
  workers.expectDeath();
  const killed = gathering(lives, () => workers.kill());
  const replaced = gathering(lives, () => workers.replace());
  return {
    held: killed.come,
    over: replaced.come,
    passedBy: () => {
      void killed.come();
      void replaced.come();
    },
  };
}

/** `act` runs once all have come. */
function gathering(size: number, act: () => Promise<void>): { come: () => Promise<void> } {
  let missing = size;
  let all: () => void = () => undefined;
  const acted = new Promise<void>((resolve) => (all = resolve)).then(act);
  return {
    come: () => {
      missing -= 1;
      if (missing === 0) all();
      return acted;
    },
  };
}

async function prepare(words: readonly string[]): Promise<ChildProcess> {
  const child = fork(program, words, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}

function tell(child: ChildProcess, word: ToWorker): void {
  if (child.connected) child.send(word);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
