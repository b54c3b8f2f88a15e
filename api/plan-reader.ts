import type { Catalogue } from '../domain/plan/check.ts';
import type { PlanFault } from '../domain/plan/document.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { PlanReads } from '../domain/plan/reads.ts';
import type { Staffing } from '../domain/plan/staffing.ts';
import { refused } from './body-text.ts';
import type { Refused } from './body-text.ts';
import type { ExaminationRequest } from './examination-body.ts';
import { createThreads } from './threads.ts';
import type { ThreadSettings } from './threads.ts';

/** What plans may refer to, of the content that was loaded. */
export type PlanContent = Pick<Catalogue, 'questionnaires' | 'messages' | 'advice' | 'instructions'>;

/** `toPublish`: what each step reads of a patient's data is to be known. */
export type ReadingJob = { kind: 'plan'; text: string; staffing: Staffing; toPublish: boolean } | { kind: 'examination'; text: string };

/** `missingRotas`: of a plan that has no other faults. */
export type ReadPlan = { ok: true; plan: Plan; reads: PlanReads; missingRotas: PlanFault[]; warnings: PlanFault[] } | { ok: false; faults: PlanFault[]; warnings: PlanFault[] };
export type ReadExamination = { ok: true; request: ExaminationRequest } | Refused;
export type Reading = { kind: 'plan'; read: ReadPlan } | { kind: 'examination'; read: ReadExamination };

/** Each refuses with 429 where this person has as many texts under way as one may have. */
export interface PlanReader {
  readPlan(personId: string, text: string, more: Omit<Extract<ReadingJob, { kind: 'plan' }>, 'kind' | 'text'>): Promise<ReadPlan>;
  /** The text of a whole request (`examinationBody`). */
  readExamination(personId: string, text: string): Promise<ReadExamination>;
  close(): Promise<void>;
}

class TooDear extends Error {
  override readonly name = 'TooDear';
}

/** A text of 250 KB takes a core for seconds whether or not it is a plan, so every text is read in a thread, however short: one of 16 KB took six. */
export function createPlanReader({ questionnaires, messages, advice, instructions = {} }: PlanContent, settings: ThreadSettings): PlanReader {
  const yours = 'Five plans of yours are being read or wait for it. Send this one when they are answered.';
  const busy = 'Many plans wait to be read. Send this one again in a few seconds.';
  const tooDear = 'Make the plan smaller, or let fewer steps share large sets of rules: to check it takes longer than it may.';
  const data: PlanContent = { questionnaires, messages, advice, instructions };
  const threads = createThreads<ReadingJob, Reading>({ file: 'plan-thread', data, heapMb: 256, eachAtMost: 5, yours, busy, retryAfterSeconds: 5, tooMuch: () => new TooDear() }, settings);

  /** Null: it was too much. */
  const read = async (personId: string, job: ReadingJob): Promise<Reading | null> => {
    try {
      return await threads.within(personId, (run) => run(job));
    } catch (error) {
      if (error instanceof TooDear) return null;
      throw error;
    }
  };
  return {
    async readPlan(personId, text, more) {
      const reading = await read(personId, { kind: 'plan', text, ...more });
      if (reading?.kind === 'examination') throw new Error('A plan was answered by an examination.');
      return reading?.read ?? { ok: false, faults: [{ path: '', message: tooDear }], warnings: [] };
    },
    async readExamination(personId, text) {
      const reading = await read(personId, { kind: 'examination', text });
      if (reading?.kind === 'plan') throw new Error('An examination was answered by a plan.');
      return reading?.read ?? refused('Correct the plan as "errors" lists.', [{ pointer: '/plan', message: tooDear }]);
    },
    close: () => threads.close(),
  };
}
