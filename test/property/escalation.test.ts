import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideEscalation, evolveEscalation, openEscalation } from '../../domain/escalation/decide.ts';
import { defaultLadders } from '../../domain/escalation/default-ladders.ts';
import type { EscalationEvent, EscalationState } from '../../domain/escalation/types.ts';

const start = Date.parse('2026-05-01T02:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

type Answer = 'sent' | 'unreachable' | 'unknown' | 'undelivered' | 'acknowledged';
const answers = fc.array(fc.constantFrom<Answer>('sent', 'sent', 'unreachable', 'unknown', 'undelivered', 'acknowledged'), { maxLength: 60 });

interface Run {
  state: EscalationState;
  pages: { rota: string; channel: string; atMs: number }[];
  kinds: string[];
}

/** Drives an escalation as its thread does, for `hours`, against scripted answers of the outside. */
function simulate(script: Answer[], hours: number, level: 'red' | 'amber' = 'red'): Run {
  let nowMs = start;
  let revision = 0;
  let state = openEscalation('e', level, defaultLadders[level], iso(start));
  const run: Run = { state, pages: [], kinds: [] };
  const waiting = [...script];
  const apply = (event: EscalationEvent): void => {
    state = evolveEscalation(state, event);
  };
  for (let rounds = 0; nowMs < start + hours * 3_600_000; rounds += 1) {
    expect(rounds).toBeLessThan(20_000);
    const decision = decideEscalation(state, iso(nowMs), (revision += 1));
    state = decision.state;
    run.kinds.push(decision.next.kind);
    if (decision.next.kind === 'end') break;
    if (decision.next.kind === 'wait') {
      nowMs = Date.parse(decision.next.dueAt ?? iso(nowMs + 60_000));
      continue;
    }
    const { page, rota, channel } = decision.next;
    run.pages.push({ rota, channel, atMs: nowMs });
    const answer = waiting.shift() ?? 'sent';
    apply({ kind: 'page-ended', page, outcome: answer === 'unreachable' || answer === 'unknown' ? answer : 'sent', at: iso(nowMs) });
    if (answer === 'undelivered') apply({ kind: 'page-receipt', page, delivered: false, at: iso(nowMs + 1_000) });
    if (answer === 'acknowledged') apply({ kind: 'acknowledged', by: 'nurse', at: iso(nowMs + 2_000) });
    nowMs += 3_000;
  }
  run.state = state;
  return run;
}

describe('a red escalation', () => {
  test('never ends unless a named human ends it', () => {
    fc.assert(fc.property(answers, (script) => {
      const run = simulate(script, 12);
      expect(run.kinds).not.toContain('end');
      expect(run.state.status).not.toBe('closed');
    }), { numRuns: 400 });
  });

  test('is never silent for longer than its longest clock, whatever pages come to', () => {
    fc.assert(fc.property(answers, (script) => {
      const { pages } = simulate(script, 12);
      const gaps = pages.slice(1).map((page, index) => page.atMs - (pages[index]?.atMs ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(16 * 60_000);
    }), { numRuns: 400 });
  });

  test('pages the first on-call at once, the second after 15 minutes, the supervisor after 30, then every 10', () => {
    const { pages } = simulate([], 1);
    const minutes = pages.map((page) => [page.rota, Math.round((page.atMs - start) / 60_000)]);
    expect(minutes.slice(0, 5)).toEqual([['on-call-1', 0], ['on-call-2', 15], ['supervisor', 30], ['supervisor', 40], ['supervisor', 50]]);
  });

  test('an undelivered page becomes a call to the same person, then the next person', () => {
    const { pages } = simulate(['undelivered', 'unreachable', 'sent'], 0.2);
    expect(pages.map(({ rota, channel }) => `${rota} ${channel}`).slice(0, 3)).toEqual(['on-call-1 sms', 'on-call-1 voice', 'on-call-2 sms']);
  });

  test('acknowledged but not reached in time is paged on, one rung higher', () => {
    const { pages } = simulate(['acknowledged'], 0.5);
    expect(pages.map((page) => page.rota).slice(0, 2)).toEqual(['on-call-1', 'on-call-2']);
  });

  test('ends when a named human says that the patient was reached', () => {
    const open = openEscalation('e', 'red', defaultLadders.red, iso(start));
    const closed = evolveEscalation(open, { kind: 'closed', by: 'nurse', reason: 'patient-reached', at: iso(start) });
    expect(decideEscalation(closed, iso(start + 1), 2).next.kind).toBe('end');
  });
});
