import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelsByKind } from '../../domain/plan/channels.ts';
import type { Plan } from '../../domain/plan/format.ts';
import { endTouchpoint, replace } from '../../domain/follow-up/touchpoints.ts';
import { cases, livedOnce } from '../support/cases.ts';
import { plans, scripts } from './follow-up-cases.ts';
import { realDecider, simulate } from './follow-up-simulation.ts';
import type { AtRest, Decider, Run, Script } from './follow-up-simulation.ts';
import { astray } from './laid-out.ts';

const runs = cases(400);
const lifeOf = livedOnce((plan: Plan, script: Script) => simulate(realDecider, plan, script));

const everyTouchpointEndsOnce = (run: Run): void => {
  expect(run.ended).toBe(true);
  for (const touchpoint of run.state.touchpoints) {
    expect(touchpoint.status).toBe('done');
    expect(touchpoint.outcome).not.toBeNull();
    expect(run.endings.get(touchpoint.id)).toBe(1);
  }
};

const nothingAstray: AtRest = (...position) => expect(astray(...position)).toEqual([]);

const neverTwice = (run: Run): void => {
  const keys = run.sent.map(({ touchpointId, round, channel }) => `${touchpointId} ${round} ${channel}`);
  expect(new Set(keys).size).toBe(keys.length);
};

const nothingAfterTheEnd = (run: Run): void => {
  if (run.state.status === 'ended') expect(run.state.touchpoints.every((touchpoint) => touchpoint.status === 'done')).toBe(true);
};

/** Only a reading has a rule that is to be confirmed here. */
const noAlarmIsLost = (run: Run): void => {
  const lost = run.state.touchpoints.filter(({ kind, confirms, outcome, reason }) => kind === 'measure' && confirms.length > 0 && outcome !== 'answered' && reason?.startsWith('waived by') !== true);
  if (run.state.endReason !== 'deceased') for (const { id } of lost) expect(run.effects).toContainEqual({ kind: 'create-task', touchpointId: id, task: 'rule', title: 'heavy' });
};

describe('whatever plan, replies, faults and clock', () => {
  test('every planned contact ends exactly once, the thread comes to its end, and no first alarm is lost with its second reading', () => {
    fc.assert(fc.property(plans, scripts, (plan, script) => {
      const run = lifeOf(plan, script);
      everyTouchpointEndsOnce(run);
      noAlarmIsLost(run);
    }), runs);
  });

  test('no reminder goes out twice on one channel', () => {
    fc.assert(fc.property(plans, scripts, (plan, script) => neverTwice(lifeOf(plan, script))), runs);
  });

  test('no reminder names a channel that its kind cannot use', () => {
    fc.assert(fc.property(plans, scripts, (plan, script) => {
      expect(lifeOf(plan, script).sent.filter(({ channel }) => !channelsByKind.remind.includes(channel))).toEqual([]);
    }), runs);
  });

  test('an ended enrolment leaves nothing planned', () => {
    fc.assert(fc.property(plans, scripts, (plan, script) => nothingAfterTheEnd(lifeOf(plan, script))), runs);
  });

  test('what waits is what the plan says of anchors and zone as they are by then, and no occurrence of a series is lost', () => {
    fc.assert(fc.property(plans, scripts, (plan, script) => {
      simulate(realDecider, plan, script, { atRest: nothingAstray });
    }), cases(50));
  });

  test('pausing and resuming loses no step', () => {
    fc.assert(
      fc.property(plans, scripts, fc.integer({ min: 0, max: 10 }), (plan, script, atStep) => {
        const paused = { ...script, outside: [{ atStep, event: { kind: 'paused' as const, by: 'n', reason: 'r' } }] };
        everyTouchpointEndsOnce(simulate(realDecider, plan, paused));
      }),
      runs,
    );
  });
});

describe('the properties notice a decider that is broken on purpose', () => {
  const noticed = (decider: Decider, property: (run: Run) => void): void => {
    const check = () => fc.assert(fc.property(plans, scripts, (plan, script) => property(simulate(decider, plan, script))), { numRuns: 300, seed: 7, endOnFailure: true });
    expect(check).toThrow();
  };

  test('one that lets a series end though the appointment that was to end it is cancelled', () => {
    const decider: Decider = { ...realDecider, evolve: (plan, state, event, now, newId) => {
      const evolved = realDecider.evolve(plan, state, event, now, newId);
      return event.kind === 'anchor-cleared' ? { ...evolved, state: { ...state, anchors: evolved.state.anchors } } : evolved;
    } };
    const check = () => fc.assert(fc.property(plans, scripts, (plan, script) => void simulate(decider, plan, script, { atRest: nothingAstray })), { numRuns: 300, seed: 7, endOnFailure: true });

    expect(check).toThrow();
  });

  test('one that looks again for ever', () => {
    noticed({ ...realDecider, decide: (plan, state, now, revision, newId) => {
      const decision = realDecider.decide(plan, state, now, revision, newId);
      return decision.next.kind === 'end' ? { ...decision, state, next: { kind: 'wait', dueAt: now, summary: 'again', then: null } } : decision;
    } }, everyTouchpointEndsOnce);
  });

  test('one that does not hear that a pause is over', () => {
    noticed({ ...realDecider, evolve: (plan, state, event, now, newId) => (event.kind === 'resumed' ? { state, effects: [] } : realDecider.evolve(plan, state, event, now, newId)) }, everyTouchpointEndsOnce);
  });

  test('one that forgets that a message is out', () => {
    noticed({ ...realDecider, evolve: (plan, state, event, now, newId) => (event.kind === 'contact-ended' && event.outcome.kind === 'sent' ? { state, effects: [] } : realDecider.evolve(plan, state, event, now, newId)) }, neverTwice);
  });

  test('one that forgets that a reminder goes out in another\'s message', () => {
    noticed({ ...realDecider, evolve: (plan, state, event, now, newId) => (event.kind === 'merged' || event.kind === 'carried' ? { state, effects: [] } : realDecider.evolve(plan, state, event, now, newId)) }, neverTwice);
  });

  test('one that drops a late step without an outcome', () => {
    noticed({ ...realDecider, decide: (plan, state, now, revision, newId) => {
      const decision = realDecider.decide(plan, state, now, revision, newId);
      return { ...decision, state: { ...decision.state, touchpoints: decision.state.touchpoints.filter((touchpoint) => touchpoint.outcome !== 'missed') } };
    } }, (run) => expect(run.endings.size).toBe(run.state.touchpoints.length));
  });

  test('one that loses what a second reading was to confirm', () => {
    noticed({ ...realDecider, evolve: (plan, state, event, now, newId) => {
      const evolved = realDecider.evolve(plan, state, event, now, newId);
      return event.kind === 'ended' || event.kind === 'paused' ? { ...evolved, effects: evolved.effects.filter(({ kind }) => kind !== 'create-task') } : evolved;
    } }, noAlarmIsLost);
  });

  test('one that ends a touchpoint again', () => {
    noticed({ ...realDecider, evolve: (plan, state, event, now, newId) => {
      const evolved = realDecider.evolve(plan, state, event, now, newId);
      const [first] = evolved.state.touchpoints;
      return first === undefined || event.kind !== 'receipt' ? evolved : { ...evolved, state: replace(evolved.state, { ...endTouchpoint(first, 'merged', null), status: 'planned' }) };
    } }, everyTouchpointEndsOnce);
  });
});
