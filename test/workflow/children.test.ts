import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { useDevServer } from '../support/temporal.ts';
import type { ScriptedContact } from './scripted-care.ts';
import { openRealStage } from './stage.ts';
import type { Stage } from './stage.ts';

/** When a nudge is due that must not go out before the test says so, by bringing it forward. */
const anHourMs = 3_600_000;

const server = useDevServer();
let stage: Stage;
beforeAll(async () => {
  stage = await openRealStage(server());
});
afterAll(() => stage.close());
beforeEach(() => stage.care.reset());

it('a conversation lives on after the end of the follow-up that began it', async () => {
  const { care, now, poke, ended, handle } = stage;
  const [id, touchpoint] = [randomUUID(), randomUUID()];
  const start = await now();
  const nudge: ScriptedContact = { at: start + anHourMs, kind: 'contact' };
  care.plans.set(id, [{ id: touchpoint, at: start, kind: 'ask' }]);
  care.conversations.set(touchpoint, [{ at: start, kind: 'contact' }, nudge]);

  await poke('followUp', id);
  await ended('followUp', id);
  const left = await handle('questionnaire', touchpoint).describe();
  nudge.at = start;
  await poke('questionnaire', touchpoint);
  await ended('questionnaire', touchpoint);

  expect(left.status.name).toBe('RUNNING');
  expect(care.log.filter((entry) => entry.startsWith('contact'))).toEqual([`contact ${touchpoint} first`, `contact ${touchpoint} nudge-1`]);
});

it('a follow-up does not mind that its conversation was begun by the sweeper', async () => {
  const { care, now, poke, ended, until } = stage;
  const [id, touchpoint] = [randomUUID(), randomUUID()];
  const start = await now();
  const nudge: ScriptedContact = { at: start + anHourMs, kind: 'contact' };
  care.conversations.set(touchpoint, [{ at: start, kind: 'contact' }, nudge]);
  await poke('questionnaire', touchpoint);
  await until(() => care.log.includes(`contact ${touchpoint} first`));

  const steps = [{ id: touchpoint, at: start, kind: 'ask' as const }, { id: 'after', at: start + 500, kind: 'remind' as const }];
  care.plans.set(id, steps);
  care.asksOnce = true;
  await poke('followUp', id);
  await ended('followUp', id);
  nudge.at = start;
  await poke('questionnaire', touchpoint);
  await ended('questionnaire', touchpoint);

  expect(care.log.filter((entry) => entry.startsWith('contact'))).toEqual([`contact ${touchpoint} first`, `contact ${touchpoint} nudge-1`]);
  expect(care.log).toContain('remind after');
});

it('a conversation asks, nudges and calls, each once', async () => {
  const { care, now, poke, ended } = stage;
  const id = randomUUID();
  const start = await now();
  care.conversations.set(id, [{ at: start, kind: 'contact' }, { at: start + 500, kind: 'contact' }, { at: start + 1_000, kind: 'call' }]);

  await poke('questionnaire', id);
  await ended('questionnaire', id);
  await ended('recordedCall', `${id}-call`);

  expect(care.log).toEqual([`contact ${id} first`, `contact ${id} nudge-1`, `place ${id}-call`]);
});
