import { randomUUID } from 'node:crypto';
import type { ThreadType } from '../../domain/threads.ts';
import type { Stage } from '../workflow/stage.ts';

/** A thread brought to an end on a stage, whose history is then kept. */
export interface Scene {
  name: string;
  type: ThreadType;
  /** Answers with the subject whose newest run is kept. */
  play: (stage: Stage) => Promise<string>;
}

/** One of each thread at least, through every branch of its loop. A new release adds scenes; it never plays an old one anew. */
export const scenes: readonly Scene[] = [
  {
    name: 'follow-up',
    type: 'followUp',
    play: async ({ care, now, poke, ended, sleep }) => {
      const id = randomUUID();
      const start = await now();
      care.plans.set(id, [1, 2, 3].map((index) => ({ id: `step-${index}`, at: start + index * 800, kind: 'remind' as const })));
      care.plans.get(id)?.push({ id: `${id}-ask`, at: start + 1_800, kind: 'ask' });
      care.conversations.set(`${id}-ask`, []);
      await poke('followUp', id);
      await sleep(300);
      await poke('followUp', id);
      await ended('followUp', id);
      return id;
    },
  },
  {
    name: 'follow-up-begun-afresh',
    type: 'followUp',
    play: async ({ care, now, poke, ended }) => {
      const id = randomUUID();
      const start = await now();
      care.plans.set(id, [1, 2, 3].map((index) => ({ id: `step-${index}`, at: start + index * 400, kind: 'remind' as const })));
      await poke('followUp', id, 20);
      await ended('followUp', id);
      return id;
    },
  },
  {
    name: 'follow-up-with-its-first-look',
    type: 'followUp',
    play: async ({ care, now, enrol, poke, ended, sleep }) => {
      const id = randomUUID();
      const start = await now();
      care.plans.set(id, [1, 2].map((index) => ({ id: `step-${index}`, at: start + index * 900, kind: 'remind' as const })));
      await enrol(id);
      await sleep(1_200);
      await poke('followUp', id);
      await ended('followUp', id);
      return id;
    },
  },
  {
    name: 'questionnaire',
    type: 'questionnaire',
    play: async ({ care, now, poke, ended }) => {
      const id = randomUUID();
      const start = await now();
      care.conversations.set(id, [{ at: start, kind: 'contact' }, { at: start + 500, kind: 'contact' }, { at: start + 1_000, kind: 'call' }]);
      await poke('questionnaire', id);
      await ended('questionnaire', id);
      await ended('recordedCall', `${id}-call`);
      return id;
    },
  },
  {
    name: 'escalation',
    type: 'escalation',
    play: async ({ care, now, poke, ended, until }) => {
      const id = randomUUID();
      const start = await now();
      const escalation = { pagesAt: [start, start + 400], pages: 0, state: 'open' as 'open' | 'closed' };
      care.escalations.set(id, escalation);
      await poke('escalation', id);
      await until(() => escalation.pages === 2);
      escalation.state = 'closed';
      await poke('escalation', id);
      await ended('escalation', id);
      return id;
    },
  },
  {
    name: 'recorded-call',
    type: 'recordedCall',
    play: async ({ care, now, poke, ended }) => {
      const id = randomUUID();
      const start = await now();
      care.calls.set(id, { underWayUntil: [start + 400], recording: true, checks: [] });
      await poke('recordedCall', id);
      await ended('recordedCall', id);
      return id;
    },
  },
];
