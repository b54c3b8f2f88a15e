import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useTimeSkipping } from '../support/temporal.ts';
import type { ScriptedStep } from './scripted-care.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

const environment = useTimeSkipping();
let stage: Stage;
beforeAll(async () => {
  stage = await openStage(environment());
});
afterAll(() => stage.close());

/** Runs a test's body on the stage, from which everything of the test before is gone. */
async function onStage(act: (stage: Stage) => Promise<void>): Promise<void> {
  stage.care.reset();
  await act(stage);
}

const hour = 3_600_000;
const day = 24 * hour;

function reminders(start: number, count: number): ScriptedStep[] {
  return Array.from({ length: count }, (_, index) => ({ id: `day-${index + 1}`, at: start + (index + 1) * day, kind: 'remind' as const }));
}

describe('a follow-up', () => {
  it('sends each reminder once, at its due time, deciding anew only at its start', () =>
    onStage(async ({ care, now, poke, ended }) => {
      const id = randomUUID();
      const steps = reminders(await now(), 5);
      care.plans.set(id, steps);

      await poke('followUp', id);
      await ended('followUp', id);

      expect(care.log.filter((entry) => entry.startsWith('remind'))).toEqual(['remind day-1', 'remind day-2', 'remind day-3', 'remind day-4', 'remind day-5']);
      for (const step of steps) expect(Math.abs((step.doneAt ?? 0) - step.at)).toBeLessThan(60_000);
      // One at the start, and one for the poke that started it.
      expect(care.log.filter((entry) => entry === 'resumePlan')).toHaveLength(2);
    }));

  it('costs 11 events for each reminder', () =>
    onStage(async ({ care, now, poke, ended, history }) => {
      const lengths: number[] = [];
      for (const count of [2, 3, 4]) {
        const id = randomUUID();
        care.plans.set(id, reminders(await now(), count));
        await poke('followUp', id);
        await ended('followUp', id);
        lengths.push((await history('followUp', id)).events?.length ?? 0);
      }

      expect([(lengths[1] ?? 0) - (lengths[0] ?? 0), (lengths[2] ?? 0) - (lengths[1] ?? 0)]).toEqual([11, 11]);
    }));

  it('that is told to wait for what is over by its own clock looks ever more seldom, since the decider\'s may be behind', () =>
    onStage(async ({ care, now, poke, ended, history }) => {
      const id = randomUUID();
      const over = new Date((await now()) - day).toISOString();
      const { look } = care;
      let looks = 0;
      care.look = () => Promise.resolve({ details: '', next: (looks += 1) < 12 ? { kind: 'wait', dueAt: over, summary: 'over', then: null } : { kind: 'end', reason: 'completed', summary: 'done' } });

      await poke('followUp', id);
      await ended('followUp', id);
      care.look = look;

      const timers = (await history('followUp', id)).events?.flatMap(({ timerStartedEventAttributes: started }) => (started == null ? [] : [Number(started.startToFireTimeout?.seconds) * 1_000 + Number(started.startToFireTimeout?.nanos) / 1e6])) ?? [];
      expect(timers[0]).toBeLessThan(1_000);
      expect(timers.slice(-3)).toEqual([10_000, 10_000, 10_000]);
    }));

  it('misses a reminder that was handed out and never run after twenty seconds, not after a minute', () =>
    onStage(async ({ care, now, poke, ended, history }) => {
      const id = randomUUID();
      care.plans.set(id, reminders(await now(), 1));

      await poke('followUp', id);
      await ended('followUp', id);

      const scheduled = (await history('followUp', id)).events?.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []) ?? [];
      const reminding = scheduled.find((attributes) => attributes.activityType?.name === 'remindPatient');
      expect(Number(reminding?.heartbeatTimeout?.seconds)).toBe(20);
      expect(Number(reminding?.startToCloseTimeout?.seconds)).toBe(60);
    }));

  it('looks again at once when poked while it waits, and keeps the due time of what it waited for', () =>
    onStage(async ({ care, now, poke, ended, sleep, until }) => {
      const id = randomUUID();
      const start = await now();
      const [last, early] = [{ id: 'last', at: start + 10 * day, kind: 'remind' as const }, { id: 'early', at: start + 3 * day, kind: 'remind' as const }];
      const steps: ScriptedStep[] = [last];
      care.plans.set(id, steps);
      await poke('followUp', id);
      await sleep(day);

      steps.push(early);
      const looked = care.log.length;
      await poke('followUp', id);
      await until(() => care.log.length > looked);
      await ended('followUp', id);

      expect(care.log.filter((entry) => entry.startsWith('remind'))).toEqual(['remind early', 'remind last']);
      expect(steps.map((step) => Math.round(((step.doneAt ?? 0) - start) / hour))).toEqual([240, 72]);
    }));

  it('keeps a poke that comes while a reminder is being sent', () =>
    onStage(async ({ care, now, poke, ended, sleep, until }) => {
      const id = randomUUID();
      const start = await now();
      const steps = reminders(start, 1).concat({ id: 'far', at: start + 100 * day, kind: 'remind' });
      care.plans.set(id, steps);
      let release: () => void = () => undefined;
      let sending = false;
      care.beforeReminderEnds = async (step) => {
        if (step !== 'day-1') return;
        sending = true;
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      };
      await poke('followUp', id);
      await sleep(day);
      await until(() => sending);

      await poke('followUp', id);
      const looked = care.log.filter((entry) => entry === 'resumePlan').length;
      release();
      await until(() => care.log.filter((entry) => entry === 'resumePlan').length > looked);
      await ended('followUp', id);

      expect(care.log.filter((entry) => entry.startsWith('remind'))).toEqual(['remind day-1', 'remind far']);
    }));
});

it('an escalation pages up its ladder and then waits for a human, however long', () =>
  onStage(async ({ care, now, poke, ended, handle, sleep }) => {
    const id = randomUUID();
    const start = await now();
    const escalation = { pagesAt: [start, start + hour, start + 2 * hour], pages: 0, state: 'open' as 'open' | 'closed' };
    care.escalations.set(id, escalation);
    await poke('escalation', id);

    await sleep(30 * day);
    const waiting = await handle('escalation', id).describe();
    escalation.state = 'closed';
    await poke('escalation', id);
    await ended('escalation', id);

    expect(waiting.status.name).toBe('RUNNING');
    expect(care.log).toEqual(['page 1', 'page 2', 'page 3']);
  }));

it('a call is followed until it ended; its recording is stored, and only then deleted at the provider', () =>
  onStage(async ({ care, now, poke, ended }) => {
    const id = randomUUID();
    const start = await now();
    const call = { underWayUntil: [start + hour, start + 2 * hour], recording: true, checks: [] as number[] };
    care.calls.set(id, call);

    await poke('recordedCall', id);
    await ended('recordedCall', id);

    expect(care.log).toEqual([`place ${id}`, `store ${id}`, `delete ${id}`]);
    expect(call.checks.at(-1)).toBeGreaterThan(start + hour);
  }));
