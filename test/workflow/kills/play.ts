import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { pokeSignal, taskQueueOf, workflowIdOf } from '../../../domain/threads.ts';
import type { CareActivities, ThreadType } from '../../../domain/threads.ts';
import { createPoker } from '../../../temporal/poke.ts';
import { sweep } from '../../../worker/sweeper.ts';
import { scriptCare } from '../scripted-care.ts';
import type { ScriptedCare } from '../scripted-care.ts';
import type { Scene } from './scenes.ts';
import { hurriedMs, openWire } from './wire.ts';
import type { TaskMoment } from './wire.ts';
import { oneDeath, startWorkers } from './workers.ts';
import type { Death, WorkersOptions } from './workers.ts';

/** What became of one life of a thread. */
export interface Played {
  /** Every await, by name, in the order in which it was reached: where a worker can be killed. */
  moments: string[];
  /** What was done in the world, in order. */
  effects: string[];
  state: unknown;
  /** Whether the worker was killed where it was to be. */
  wasKilled: boolean;
}

/** One worker process at a time on a server of its own. */
export interface Theatre {
  /** Lives that nothing disturbs, side by side. */
  play(parts: readonly Part[]): Promise<(Played & { part: Part })[]>;
  /** Lives side by side, each of which is held at its moment; once all are held the worker is killed under all of them at once. */
  playKilled(parts: readonly (Part & { moment: string })[]): Promise<(Played & { part: Part; moment: string })[]>;
  close(): Promise<void>;
}

export interface Part {
  scene: Scene;
  /** Activities that differ from the scripted ones. */
  unsafe?: (care: ScriptedCare) => Partial<CareActivities>;
}

export type TheatreOptions = Pick<WorkersOptions, 'address' | 'bundleFile'>;

interface Life {
  id: string;
  onTask(moment: TaskMoment): Promise<void>;
  onActivity(name: keyof CareActivities, args: unknown[]): Promise<unknown>;
}

/** Longer than all time-outs of a life with one death together. */
const longestMs = 240_000;

const ownActivities: Record<ThreadType, readonly (keyof CareActivities)[]> = {
  followUp: ['resumePlan', 'remindPatient'],
  questionnaire: ['resumeConversation', 'contactPatient'],
  escalation: ['resumeEscalation', 'pageStaff'],
  recordedCall: ['placeCall', 'followCall', 'storeRecording', 'deleteRecordingAtProvider'],
};

export async function openTheatre({ address, bundleFile }: TheatreOptions): Promise<Theatre> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const poker = createPoker({ client, logger: { warn: () => undefined } });
  /** By workflow id. */
  const lives = new Map<string, Life>();
  let isHurried = false;
  const wire = await openWire(address, {
    onMoment: async (moment) => lives.get(moment.workflowId)?.onTask(moment),
    isHurried: () => isHurried,
  });
  const lifeOf = (args: unknown[]): Life | undefined => [...lives.values()].find(({ id }) => JSON.stringify(args).includes(id));
  const workers = await startWorkers({ address: wire.address, bundleFile, act: async (name, args) => lifeOf(args)?.onActivity(name, args) });

  /** `death`: null for a life without one. */
  async function live({ scene, unsafe }: Part, death: { at: string; comes: Death } | null): Promise<Played> {
    const id = randomUUID();
    const workflowId = workflowIdOf(scene.type, id);
    const care = scriptCare(() => Promise.resolve(Date.now()));
    const activities = { ...care.activities, ...unsafe?.(care) };
    const moments: string[] = [];
    const begun = new Set<unknown>();
    const answeredTasks = new EventTarget();
    let promisedAt: number | null = null;
    let isSet = false;
    const fate = { wasKilled: false };
    const underWay = new Set<Promise<unknown>>();
    const poke = async (): Promise<void> => {
      const signalled = client.workflow.getHandle(workflowId).signal(pokeSignal);
      underWay.add(signalled);
      await signalled.finally(() => underWay.delete(signalled));
    };

    /** A place at which the worker may be killed; what happens `meanwhile` happens while nobody works. True when it died here. */
    const reach = async (name: string, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<boolean> => {
      const moment = `${name} ${moments.filter((each) => each.startsWith(`${name} `)).length + 1}`;
      moments.push(moment);
      if (fate.wasKilled || death?.at !== moment) {
        await meanwhile();
        return false;
      }
      fate.wasKilled = true;
      await death.comes.held();
      await meanwhile();
      await death.comes.over();
      return true;
    };
    const life: Life = {
      id,
      onTask: async (moment) => {
        const { awaits } = moment;
        // An activity that is awaited has moments of its own; of a thread's last word there is nothing to await but that it is heard.
        if (moment.at === 'untold') {
          if (awaits === 'end') await reach('end not yet told');
          return;
        }
        const isWaiting = awaits === 'timer' || awaits === 'poke';
        const meanwhile = async (): Promise<void> => {
          if (isWaiting && scene.happen(care, id, Date.now())) await poke();
        };
        if (awaits !== 'activity' && awaits !== 'end') await reach(`${awaits} awaited`, meanwhile);
        answeredTasks.dispatchEvent(new Event('told'));
      },
      onActivity: async (name, args) => {
        const isOwn = ownActivities[scene.type].includes(name) && (args[0] === id || isCommandOf(args[0], id));
        if (!isOwn) begun.add(args[0]);
        if (isOwn && (await reach(`before ${name}`))) return undefined;
        if (!isSet) scene.set(care, id, Date.now());
        isSet = true;
        if (isOwn && scene.pokedDuring?.(name, care, id) === true) {
          const told = new Promise((resolve) => answeredTasks.addEventListener('told', resolve, { once: true }));
          await poke();
          await told;
        }
        const answer = await run(activities, name, args);
        if (scene.promised(care, id)) promisedAt ??= Date.now();
        if (isOwn) await reach(`after ${name}`);
        return answer;
      },
    };
    lives.set(workflowId, life);
    const over = new AbortController();
    const sweeping = sweep({
      takeUnpicked: ({ olderThanMs }) => Promise.resolve(promisedAt === null || promisedAt > Date.now() - olderThanMs ? [] : scene.children(id).filter((child) => !begun.has(child.id)).map((child) => threadOf(child.type, child.id))),
      poker, forgetExpiredGrants: () => Promise.resolve(0), forgetOldAnswers: () => Promise.resolve(0), logger: { warn: () => undefined, debug: () => undefined },
      pause: (_ms, signal) => delay(200, undefined, { signal }).catch(() => undefined),
    }, over.signal);

    await client.workflow.start(scene.type, { workflowId, taskQueue: taskQueueOf(scene.type), args: [{ subjectId: id, historyBudget: scene.historyBudget }], workflowTaskTimeout: hurriedMs });
    const stuck = delay(longestMs, undefined, { signal: over.signal }).then(
      () => Promise.reject(new Error(`With its worker killed at "${String(death?.at)}" the ${scene.type} did not end; it came to: ${moments.slice(-4).join(', ')}.`)),
      () => undefined,
    );
    const ended = async (): Promise<void> => {
      await client.workflow.getHandle(workflowId).result();
      while (scene.children(id).some((child) => !begun.has(child.id))) await delay(20);
      for (const child of scene.children(id)) await client.workflow.getHandle(workflowIdOf(child.type, child.id)).result();
    };
    try {
      await Promise.race([ended(), stuck]);
    } finally {
      over.abort();
      await sweeping;
      lives.delete(workflowId);
      if (!fate.wasKilled) death?.comes.passedBy();
      // A poke of the last moment may still be tried: no connection is closed under it.
      await Promise.allSettled(underWay);
    }
    return { moments, effects: care.log.filter((entry) => entry !== 'resumePlan').map((entry) => entry.replaceAll(id, 'subject')), state: scene.state(care, id), ...fate };
  }
  return {
    play: (parts) => {
      isHurried = false;
      return Promise.all(parts.map(async (part) => ({ part, ...(await live(part, null)) })));
    },
    playKilled: (parts) => {
      isHurried = true;
      const comes = oneDeath(workers, parts.length);
      return Promise.all(parts.map(async (part) => ({ part, moment: part.moment, ...(await live(part, { at: part.moment, comes })) })));
    },
    close: async () => {
      await workers.close();
      await wire.close();
      await connection.close();
    },
  };
}

function threadOf(type: ThreadType, subjectId: string) {
  return { workflowId: workflowIdOf(type, subjectId), workflowType: type, taskQueue: taskQueueOf(type), subjectId, plan: null };
}

function isCommandOf(command: unknown, id: string): boolean {
  return typeof command === 'object' && command !== null && Object.values(command).includes(id);
}

/** What came over the wire has the shape that the threads gave it. */
function run(activities: CareActivities, name: keyof CareActivities, args: unknown[]): Promise<unknown> {
  const byName: Readonly<Record<string, (...args: never[]) => Promise<unknown>>> = { ...activities };
  const activity = byName[name];
  if (activity === undefined) throw new Error(`No activity is called ${name}.`);
  return activity(...(args as never[]));
}
