import type { Logger } from '../config/logger.ts';
import type { Values } from '../domain/conditions/scope.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { ToldLook } from '../domain/migration/look.ts';
import type { ExaminedKind, MigrationChange, MigrationChoice, StepMap } from '../domain/migration/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Questionnaire } from '../domain/questionnaire/format.ts';
import { Problem } from './problem.ts';
import { createThreads } from './threads.ts';
import type { ThreadSettings } from './threads.ts';

/** Two versions, and how the steps of one go on in the other. */
export interface MigrationPlans {
  from: Plan;
  to: Plan;
  stepMap: StepMap;
}

/** What is chosen for everybody, and for single groups in place of it. */
export interface MoveJob extends MigrationPlans {
  kind: 'move';
  choice: MigrationChoice;
  groups: Readonly<Record<string, MigrationChoice>>;
  by: string;
  why: string;
  now: Instant;
}

/** Conditions decided besides, for these patients, by the facts of each follow-up. */
export interface ExaminationJob extends MigrationPlans {
  kind: 'examine';
  questionnaires: Readonly<Record<string, Questionnaire>>;
  patientIds: ReadonlySet<string>;
  facts: ReadonlyMap<string, Values['facts']>;
  now: Instant;
}

export type LookJob = MoveJob | ExaminationJob;

/** Of which steps what changes: `Kind` of a move, or what an examination tells besides. */
export type Told<Kind extends ExaminedKind> = Omit<ToldLook, 'changes'> & { changes: readonly { kind: Kind; stepId: string }[] };

/** One way in which follow-ups are changed: what is told of each of them is the same. */
export interface Way<Kind extends ExaminedKind> {
  group: string;
  choice: MigrationChoice;
  shape: string;
  look: Told<Kind>;
}

/** One follow-up; those who are changed alike have the very same way. */
export interface LookedAt<Kind extends ExaminedKind = ExaminedKind> {
  enrolmentId: string;
  patientId: string;
  revision: number;
  way: Way<Kind>;
}

export interface Seen<Kind extends ExaminedKind> {
  rows: LookedAt<Kind>[];
  /** Time by the wall clock. */
  readMs: number;
  decideMs: number;
}

export type MoveKind = MigrationChange['kind'];
export type Looked = ({ kind: 'move' } & Seen<MoveKind>) | ({ kind: 'examine' } & Seen<ExaminedKind>);

export interface Look {
  move(job: Omit<MoveJob, 'kind'>): Promise<Seen<MoveKind>>;
  examine(job: Omit<ExaminationJob, 'kind'>): Promise<Seen<ExaminedKind>>;
}

export interface Looker {
  /** Has a place for as long as `work` lasts, when it is this person's turn, or refuses with 429 before anything is done. */
  within<Result>(personId: string, work: (look: Look) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** Looks at everybody in a version of a plan, in threads that read positions by a connection of their own; `databaseUrl` is of ct_api. */
export function createLooker(databaseUrl: string, settings: ThreadSettings, logger: Pick<Logger, 'info'>): Looker {
  const yours = 'You are looking already at what a version would change, or that look waits for its turn. Send this when it is answered.';
  const busy = 'Many wait to look at what a version would change. Send this again in half a minute.';
  const threads = createThreads<LookJob, Looked>({ file: 'look-thread', data: { databaseUrl }, heapMb: 512, eachAtMost: 1, yours, busy, retryAfterSeconds: 30, tooMuch }, settings);
  const told = <Kind extends ExaminedKind>(seen: Seen<Kind>): Seen<Kind> => {
    logger.info({ followUps: seen.rows.length, readMs: Math.round(seen.readMs), decideMs: Math.round(seen.decideMs) }, 'everybody in a version was looked at');
    return seen;
  };
  const lookBy = (run: (job: LookJob) => Promise<Looked>): Look => ({
    async move(job) {
      const looked = await run({ kind: 'move', ...job });
      if (looked.kind !== 'move') throw new Error('A look at moves was answered by an examination.');
      return told(looked);
    },
    examine: async (job) => told(await run({ kind: 'examine', ...job })),
  });
  return { within: (personId, work) => threads.within(personId, (run) => work(lookBy(run))), close: () => threads.close() };
}

function tooMuch(): Problem {
  return new Problem('took-too-long', 'Looking at everybody in this version took longer than it may, and nothing was changed. Send it again when less is going on; if that does not help, tell the operators the requestId.', { retryAfterSeconds: 60 });
}
