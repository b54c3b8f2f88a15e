import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FollowUpState } from '../../domain/follow-up/types.ts';
import { lookOf, shapeOf } from '../../domain/migration/look.ts';
import { migrate } from '../../domain/migration/migrate.ts';
import type { MigrationChoice, MigrationInput } from '../../domain/migration/types.ts';
import type { Plan } from '../../domain/plan/format.ts';
import { cases, livedOnce } from '../support/cases.ts';
import { scripts } from './follow-up-cases.ts';
import { realDecider, simulate } from './follow-up-simulation.ts';
import type { AtRest, Moving, Run, Script } from './follow-up-simulation.ts';
import { astray } from './laid-out.ts';
import { versions } from './migration-versions.ts';
import type { Versions } from './migration-versions.ts';

const runs = cases(200);
const choices = fc.constantFrom<MigrationChoice>('move', 'move', 'restart');
const atSteps = fc.integer({ min: 0, max: 60 });
const particulars = { inFlight: new Set<string>(), by: 'person/n', why: 'new-guideline' };

interface Moment {
  input: MigrationInput;
}

/** An enrolment in the middle of its days, at the moment of its migration; null when it had ended before. */
const moment = livedOnce((drawn: Versions, script: Script, atStep: number, choice: MigrationChoice): Moment | null => {
  let found: Moment | null = null;
  const move: Moving = (_plan, state, now, newId) => {
    found = { input: { ...drawn, ...particulars, choice, state, now, newId } };
    return null;
  };
  simulate(realDecider, drawn.from, script, { moving: [{ atStep, move }] });
  return found;
});

function movedAt(at: Moment, by: typeof migrate = migrate) {
  const migrated = by(at.input);
  return migrated.kind === 'migrated' ? migrated : null;
}

/** Checks what holds of every migration that is not refused. Says how many were looked at, so that none of these is empty. */
function holds(check: (at: Moment, after: NonNullable<ReturnType<typeof movedAt>>) => void, by: typeof migrate = migrate, more: fc.Parameters<unknown> = runs): number {
  let looked = 0;
  fc.assert(
    fc.property(versions, scripts, atSteps, choices, (drawn, script, atStep, choice) => {
      const at = moment(drawn, script, atStep, choice);
      const after = at === null ? null : movedAt(at, by);
      if (at === null || after === null) return;
      looked += 1;
      check(at, after);
    }),
    more as { numRuns: number },
  );
  return looked;
}

const nothingIsLost = ({ input }: Moment, { state }: { state: FollowUpState }): void => {
  const after = new Map(state.touchpoints.map((touchpoint) => [touchpoint.id, touchpoint]));
  expect(after.size).toBe(state.touchpoints.length);
  for (const before of input.state.touchpoints) {
    const now = after.get(before.id);
    const stepId = input.stepMap[before.stepId] ?? before.stepId;
    if (before.status === 'done' && now?.outcome !== null) expect(now).toEqual({ ...before, stepId, channelIndex: now?.channelIndex });
    if (before.status === 'open' || before.status === 'sent') expect(now).toMatchObject({ status: before.status, stepId, receiptBy: before.receiptBy });
    if (before.status === 'planned') expect(now?.status === 'planned' || now?.outcome != null).toBe(true);
  }
  const names = state.touchpoints.map(({ stepId, recurrenceId }) => `${stepId} ${recurrenceId}`);
  expect(new Set(names).size).toBe(names.length);
};

const nothingIsBegunByIt = ({ input }: Moment, { state }: { state: FollowUpState }): void => {
  const before = new Map(input.state.touchpoints.map((touchpoint) => [touchpoint.id, touchpoint]));
  const due = state.touchpoints.filter(({ status, dueAt }) => status === 'planned' && dueAt !== null && dueAt <= input.now);
  expect(due.filter(({ id, dueAt }) => before.get(id)?.status !== 'planned' || before.get(id)?.dueAt !== dueAt)).toEqual([]);
};

const numbered = () => {
  let id = 0;
  return (): string => `look-${(id += 1)}`;
};

/** The move, and later the one back; the first of them that is not refused decides whether there is a second. */
const moving = (drawn: Versions, atStep: number, choice: MigrationChoice, by: typeof migrate = migrate): { atStep: number; move: Moving }[] => {
  const { from, to, stepMap, back } = drawn;
  const moves = [{ from, to, stepMap, choice, atStep }, ...(back === null ? [] : [{ from: to, ...back, choice: 'move' as const, atStep: atStep + 7 }])];
  return moves.map(({ atStep: at, ...versions }) => ({
    atStep: at,
    move: (plan, state, now, newId) => {
      if (plan !== versions.from) return null;
      const migrated = by({ ...versions, ...particulars, state, now, newId });
      return migrated.kind === 'migrated' ? { plan: versions.to, state: migrated.state, effects: migrated.effects } : null;
    },
  }));
};

const nothingAstray: AtRest = (...position) => expect(astray(...position)).toEqual([]);

const endsOnce = (run: Run): void => {
  expect(run.ended).toBe(true);
  for (const touchpoint of run.state.touchpoints) expect([touchpoint.status, run.endings.get(touchpoint.id)]).toEqual(['done', 1]);
};

/** By what it is about, not by its id: a step that was renamed, or planned anew, must not reach the patient again. */
const neverContactedTwice = (run: Run): void => {
  const about = new Map(run.state.touchpoints.map(({ id, stepId, recurrenceId, kind }) => [id, `${stepId} ${recurrenceId} ${kind}`]));
  const keys = run.sent.map(({ touchpointId, round, channel }) => `${about.get(touchpointId) ?? touchpointId} ${round} ${channel}`);
  expect(new Set(keys).size).toBe(keys.length);
};

const lifeOf = livedOnce((drawn: Versions, script: Script, atStep: number, choice: MigrationChoice) => simulate(realDecider, drawn.from, script, { moving: moving(drawn, atStep, choice), atRest: nothingAstray }));

function lives(check: (run: Run) => void, by: typeof migrate = migrate, more: { numRuns: number; seed?: number; endOnFailure?: boolean } = runs): void {
  fc.assert(fc.property(versions, scripts, atSteps, choices, (drawn, script, atStep, choice) => check(by === migrate ? lifeOf(drawn, script, atStep, choice) : simulate(realDecider, drawn.from, script, { moving: moving(drawn, atStep, choice, by) }))), more);
}

describe('whatever two versions, and wherever in its days a follow-up is', () => {
  test('no planned contact is lost: each is mapped, ended, or as it was, and no name is there twice', () => {
    expect(holds(nothingIsLost)).toBeGreaterThan(runs.numRuns / 4);
  });

  test('nothing falls due because of the move', () => {
    expect(holds(nothingIsBegunByIt)).toBeGreaterThan(runs.numRuns / 4);
  });

  test('what is to be begun is a step of the new version', () => {
    const looked = holds(({ input }, { state }) => {
      const steps = new Map(input.to.steps.map((step) => [step.id, step.kind]));
      expect(state.touchpoints.filter(({ status, stepId, kind }) => (status === 'planned' || status === 'open') && steps.get(stepId) !== kind)).toEqual([]);
      expect(Object.keys(state.anchors).filter((anchor) => !Object.hasOwn(input.to.anchors, anchor))).toEqual([]);
      expect(state.tags.filter((tag) => input.to.tags?.includes(tag) !== true)).toEqual([]);
    });

    expect(looked).toBeGreaterThan(runs.numRuns / 4);
  });

  test('moving once more, to a version that says the same, changes nothing', () => {
    const looked = holds(({ input }, { state }) => {
      const to: Plan = { ...input.to, version: 3 };
      const again = migrate({ ...input, from: input.to, to, state, choice: 'move', stepMap: Object.fromEntries(to.steps.map(({ id }) => [id, id])) });

      expect(again).toEqual({ kind: 'migrated', state, changes: [], effects: [], ends: again.kind === 'migrated' && again.ends });
    });

    expect(looked).toBeGreaterThan(runs.numRuns / 4);
  });

  test('the early look says what then happens, and keeping changes nothing', () => {
    const looked = holds((at, after) => {
      const look = migrate({ ...at.input, newId: numbered() });
      const kept = migrate({ ...at.input, choice: 'keep' });

      expect(shapeOf(lookOf(at.input.choice, look))).toBe(shapeOf(lookOf(at.input.choice, after)));
      expect(look.kind === 'migrated' ? look.changes : null).toEqual(after.changes);
      expect(kept).toEqual({ kind: 'migrated', state: at.input.state, changes: [], effects: [], ends: false });
    });

    expect(looked).toBeGreaterThan(runs.numRuns / 4);
  });

  test('every planned contact of its whole life ends exactly once, what waits is what the version says, and the thread comes to its end', () => {
    lives(endsOnce);
  });

  test('nobody is contacted twice about the same', () => {
    lives(neverContactedTwice);
  });
});

describe('the properties notice a migration that is broken on purpose', () => {
  const edited = (edit: (input: MigrationInput, state: FollowUpState) => FollowUpState): typeof migrate => (input) => {
    const migrated = migrate(input);
    return migrated.kind === 'migrated' ? { ...migrated, state: edit(input, migrated.state) } : migrated;
  };
  // That it fails is all that is asked: the smallest example is for nobody.
  const few = { numRuns: 300, seed: 7, endOnFailure: true };

  test('one that forgets a step that was waited for', () => {
    expect(() => holds(nothingIsLost, edited((_input, state) => ({ ...state, touchpoints: state.touchpoints.filter(({ reason }) => reason?.startsWith('dropped') !== true) })), few)).toThrow();
  });

  test('one that plans again what was carried out', () => {
    const forgetful = edited((input, state) => ({ ...state, touchpoints: state.touchpoints.map((touchpoint) => (touchpoint.outcome === 'delivered' ? { ...touchpoint, status: 'planned' as const, outcome: null, nextAt: input.now, dueAt: input.now } : touchpoint)) }));

    expect(() => lives(neverContactedTwice, forgetful, few)).toThrow();
  });

  test('one that begins what is over', () => {
    const hasty = edited((input, state) => ({ ...state, touchpoints: state.touchpoints.map((touchpoint) => (touchpoint.reason?.startsWith('passed-before') === true ? { ...touchpoint, status: 'planned' as const, outcome: null, reason: null, nextAt: input.now } : touchpoint)) }));

    expect(() => holds(nothingIsBegunByIt, hasty, few)).toThrow();
  });
});
