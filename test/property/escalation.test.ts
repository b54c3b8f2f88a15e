import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideEscalation, evolveEscalation, openEscalation } from '../../domain/escalation/decide.ts';
import { defaultLadders } from '../../domain/escalation/default-ladders.ts';
import { whoseTurn } from '../../domain/escalation/rota.ts';
import type { RotaMember } from '../../domain/escalation/rota.ts';
import { escalationFromStored } from '../../domain/escalation/stored.ts';
import type { StoredEscalation } from '../../domain/escalation/stored.ts';
import type { EscalationEvent, EscalationState, PageTarget } from '../../domain/escalation/types.ts';
import { cases } from '../support/cases.ts';

const start = Date.parse('2026-05-01T02:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

type Answer = 'sent' | 'unreachable' | 'unknown' | 'undelivered' | 'acknowledged' | 'acknowledged-under-way';
const answers = fc.array(fc.constantFrom<Answer>('sent', 'sent', 'unreachable', 'unknown', 'undelivered', 'acknowledged', 'acknowledged-under-way'), { maxLength: 60 });

type Rotas = Readonly<Record<string, readonly RotaMember[]>>;
type Standing = 'there' | 'no-phone' | 'inactive';
const member = (rota: string, standing: Standing, index: number): RotaMember => ({ personId: `${rota}/${index}`, phone: standing === 'there' ? `phone of ${rota}/${index}` : null, language: 'en', active: standing !== 'inactive' });
const manned = (of: Partial<Record<string, readonly Standing[]>>): Rotas => Object.fromEntries(defaultLadders.red.rungs.map(({ page }) => [page, (of[page] ?? ['there']).map((standing, index) => member(page, standing, index))]));
const rotas = fc.record(Object.fromEntries(defaultLadders.red.rungs.map(({ page }) => [page, fc.array(fc.constantFrom<Standing>('there', 'there', 'no-phone', 'inactive'), { maxLength: 4 })]))).map(manned);

interface Run {
  state: EscalationState;
  pages: { rota: string; person: string; channel: string; atMs: number; answer: Answer }[];
  told: EscalationEvent[];
  kinds: string[];
}

/** What the simulation drives; a decoy replaces a part of it by one that is wrong. */
const real = { evolve: evolveEscalation, turn: whoseTurn };

/** Drives an escalation as its thread and its activity do, for `hours`, against scripted answers of the outside. */
function simulate(script: Answer[], hours: number, { stand = manned({}), parts = real, start: first }: { stand?: Rotas; parts?: typeof real; start?: EscalationState } = {}): Run {
  let nowMs = start;
  let revision = 0;
  let state = first ?? openEscalation('e', 'red', defaultLadders.red, iso(start));
  const run: Run = { state, pages: [], told: [], kinds: [] };
  const waiting = [...script];
  const made = new Map<number, EscalationEvent>();
  const apply = (event: EscalationEvent): void => {
    state = parts.evolve(state, event);
    run.told.push(event);
  };
  for (let rounds = 0; nowMs < start + hours * 3_600_000; rounds += 1) {
    if (rounds >= 20_000) throw new Error('The ladder is paged in a busy loop.');
    const decision = decideEscalation(state, iso(nowMs), (revision += 1));
    state = decision.state;
    run.kinds.push(decision.next.kind);
    if (decision.next.kind === 'end') break;
    if (decision.next.kind === 'wait') {
      nowMs = Date.parse(decision.next.dueAt ?? iso(nowMs + 60_000));
      continue;
    }
    const { page, rota, channel } = decision.next;
    const { person, skipped } = parts.turn(stand[rota] ?? [], decision.next, iso(nowMs));
    if (person === null || skipped.length > 0) {
      skipped.forEach(apply);
      continue;
    }
    // As the gate does: a number that was used is answered with what became of it, and nothing goes out.
    const before = made.get(page);
    if (before !== undefined) {
      apply({ ...before, at: iso(nowMs) });
      continue;
    }
    const answer = waiting.shift() ?? 'sent';
    run.pages.push({ rota, person: person.personId, channel, atMs: nowMs, answer });
    if (answer === 'acknowledged-under-way') apply({ kind: 'acknowledged', by: 'nurse', at: iso(nowMs) });
    const ended: EscalationEvent = { kind: 'page-ended', page, outcome: answer === 'unreachable' || answer === 'unknown' ? answer : 'sent', person: person.personId, at: iso(nowMs) };
    made.set(page, ended);
    apply(ended);
    if (answer === 'undelivered') apply({ kind: 'page-receipt', page, delivered: false, at: iso(nowMs + 1_000) });
    if (answer === 'acknowledged') apply({ kind: 'acknowledged', by: 'nurse', at: iso(nowMs + 2_000) });
    nowMs += 3_000;
  }
  run.state = state;
  return run;
}

const hasFailed = (answer: Answer): boolean => answer === 'unreachable' || answer === 'unknown' || answer === 'undelivered';

/** What is wrong with whom a run has paged, if anything: after a page that failed the same person is called, then the next who can be, and the rung is left only behind its last. */
function wrongTurn({ pages }: Run, stand: Rotas): string | null {
  const rungs = defaultLadders.red.rungs.map(({ page }) => page);
  for (const [index, page] of pages.entries()) {
    const next = pages[index + 1];
    if (next === undefined || !hasFailed(page.answer)) continue;
    const here = (stand[page.rota] ?? []).filter(({ phone }) => phone !== null).map(({ personId }) => personId);
    const place = here.indexOf(page.person);
    const expected = page.channel === 'sms' ? `${page.person} voice` : place + 1 < here.length ? `${here[place + 1] ?? ''} sms` : null;
    if (expected !== null && `${next.person} ${next.channel}` !== expected) return `${page.person} ${page.channel} failed: ${expected} was expected, not ${next.person} ${next.channel}`;
    if (expected === null && rungs.indexOf(next.rota) < rungs.indexOf(page.rota) && rungs.slice(rungs.indexOf(page.rota) + 1).some((rota) => (stand[rota] ?? []).some(({ phone }) => phone !== null))) return 'the ladder went down';
  }
  return null;
}

describe('a rung', () => {
  test('pages its whole rota, person by person, before the next rung, whoever stands on it and whatever pages come to', () => {
    fc.assert(fc.property(answers, rotas, (script, stand) => {
      expect(wrongTurn(simulate(script, 6, { stand }), stand)).toBeNull();
    }), cases(1_000));
  });

  test('whose second person is never paged would be noticed', () => {
    const decoy: typeof real = { ...real, turn: (members, command, at) => whoseTurn(members.slice(0, 1), command, at) };
    const stand = manned({ 'on-call-1': ['there', 'there'] });

    expect(wrongTurn(simulate(['undelivered', 'unreachable'], 1, { stand, parts: decoy }), stand)).toContain('on-call-1/1 sms was expected');
  });

  test('whose undelivered page goes to another person without a call would be noticed', () => {
    const decoy: typeof real = { ...real, evolve: (state, event) => ((next) => ({ ...next, nextPage: next.nextPage.channel === 'voice' ? { ...next.nextPage, personIndex: next.nextPage.personIndex + 1, channel: 'sms' as const } : next.nextPage }))(evolveEscalation(state, event)) };
    const stand = manned({ 'on-call-1': ['there', 'there'] });

    expect(wrongTurn(simulate(['undelivered'], 1, { stand, parts: decoy }), stand)).toContain('on-call-1/0 voice was expected');
  });

  test('skips whoever cannot be paged, and each of them is told of', () => {
    fc.assert(fc.property(rotas, (stand) => {
      const { told, pages } = simulate(['unreachable', 'unreachable', 'unreachable', 'unreachable', 'unreachable', 'unreachable', 'unreachable', 'unreachable'], 0.1, { stand });
      const first = stand['on-call-1'] ?? [];
      const skipped = told.flatMap((event) => (event.kind === 'person-skipped' ? [event.person] : []));
      expect(skipped).toEqual(expect.arrayContaining(first.filter(({ phone }) => phone === null).map(({ personId }) => personId)));
      expect(pages.every(({ person }) => !skipped.includes(person))).toBe(true);
    }), cases(400));
  });

  test('that is told twice of one person skips no second', () => {
    const open = openEscalation('e', 'red', defaultLadders.red, iso(start));
    const skip: EscalationEvent = { kind: 'person-skipped', page: 1, rota: 'on-call-1', personIndex: 0, person: 'p', reason: 'no-phone', at: iso(start) };

    expect([skip, skip].reduce(evolveEscalation, open).nextPage).toEqual({ rungIndex: 0, personIndex: 1, channel: 'sms' });
  });

  test('whose emptiness is told twice takes no person from the next rung', () => {
    const open = openEscalation('e', 'red', defaultLadders.red, iso(start));
    const { skipped } = whoseTurn([], { page: 1, rota: 'on-call-1' }, iso(start));

    expect([...skipped, ...skipped].reduce(evolveEscalation, open).nextPage).toEqual({ rungIndex: 1, personIndex: 0, channel: 'sms' });
  });

  test('says whom it paged last, also where a receipt had told of the page first', () => {
    const open = openEscalation('e', 'red', defaultLadders.red, iso(start));
    const early: EscalationEvent[] = [{ kind: 'page-ended', page: 1, outcome: 'sent', at: iso(start) }, { kind: 'page-receipt', page: 1, delivered: false, at: iso(start) }];

    const state = [...early, { kind: 'page-ended' as const, page: 1, outcome: 'sent' as const, person: 'p', at: iso(start) }].reduce(evolveEscalation, open);

    expect(state).toMatchObject({ pagesMade: 1, lastPagedPerson: 'p', nextPage: { personIndex: 0, channel: 'voice' } });
  });
});

/** As releases before have stored it. */
function withoutPersons(state: EscalationState): StoredEscalation {
  const bare = ({ rungIndex, channel }: PageTarget): StoredEscalation['nextPage'] => ({ rungIndex, channel });
  const stored: StoredEscalation = { ...state, nextPage: bare(state.nextPage), lastPage: state.lastPage === null ? null : bare(state.lastPage) };
  delete stored.lastPagedPerson;
  delete stored.passBeganAt;
  return stored;
}

test('an alert stored before rotas were paged person by person goes on from where it stands', () => {
  fc.assert(fc.property(answers, rotas, (script, stand) => {
    const before = simulate(script, 0.3).state;
    const old = escalationFromStored(withoutPersons(before));
    const run = simulate(script, 6, { stand, start: old });
    expect(wrongTurn(run, stand)).toBeNull();
    expect(run.kinds).not.toContain('end');
  }), cases(300));
});

describe('a red escalation', () => {
  test('never ends unless a named human ends it', () => {
    fc.assert(fc.property(answers, rotas, (script, stand) => {
      const run = simulate(script, 12, { stand });
      expect(run.kinds).not.toContain('end');
      expect(run.state.status).not.toBe('closed');
    }), cases(400));
  });

  test('is never silent for longer than its longest clock while anybody of its ladder can be paged, whatever pages come to', () => {
    fc.assert(fc.property(answers, rotas.filter((stand) => Object.values(stand).some((members) => members.some(({ phone }) => phone !== null))), (script, stand) => {
      const { pages } = simulate(script, 12, { stand });
      const ends = [...pages.slice(1).map(({ atMs }) => atMs), start + 12 * 3_600_000];
      const gaps = ends.map((endMs, index) => endMs - (pages[index]?.atMs ?? start));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(16 * 60_000);
    }), cases(400));
  });

  test('pages the first on-call at once, the second after 15 minutes, the supervisor after 30, then every 10', () => {
    const { pages } = simulate([], 1);
    const minutes = pages.map((page) => [page.rota, Math.round((page.atMs - start) / 60_000)]);
    expect(minutes.slice(0, 5)).toEqual([['on-call-1', 0], ['on-call-2', 15], ['supervisor', 30], ['supervisor', 40], ['supervisor', 50]]);
  });

  test('an undelivered page becomes a call to the same person, then the next rung where nobody else stands on the rota', () => {
    const { pages } = simulate(['undelivered', 'unreachable', 'sent'], 0.2);
    expect(pages.map(({ rota, channel }) => `${rota} ${channel}`).slice(0, 3)).toEqual(['on-call-1 sms', 'on-call-1 voice', 'on-call-2 sms']);
  });

  test('whose top has nobody begins anew at its first rung, as soon as the rung below it has waited', () => {
    const { pages } = simulate([], 1, { stand: manned({ supervisor: [] }) });

    expect(pages.map((page) => [page.rota, Math.round((page.atMs - start) / 60_000)])).toEqual([['on-call-1', 0], ['on-call-2', 15], ['on-call-1', 30], ['on-call-2', 45]]);
  });

  test('acknowledged but not reached in time is paged on, one rung higher', () => {
    const { pages } = simulate(['acknowledged'], 0.5);
    expect(pages.map((page) => page.rota).slice(0, 2)).toEqual(['on-call-1', 'on-call-2']);
  });

  test('taken while its page goes out is paged on by a page of its own, and says whom the one under way went to', () => {
    const { pages, state, told } = simulate(['acknowledged-under-way'], 0.4);

    expect(pages.map(({ rota, atMs }) => [rota, Math.round((atMs - start) / 60_000)])).toEqual([['on-call-1', 0], ['on-call-2', 15]]);
    expect(told.flatMap((event) => (event.kind === 'page-ended' ? [event.page] : []))).toEqual([1, 2]);
    expect(state).toMatchObject({ pagesMade: 2, lastPagedPerson: 'on-call-2/0' });
  });

  test('ends when a named human says that the patient was reached', () => {
    const open = openEscalation('e', 'red', defaultLadders.red, iso(start));
    const closed = evolveEscalation(open, { kind: 'closed', by: 'nurse', reason: 'patient-reached', at: iso(start) });
    expect(decideEscalation(closed, iso(start + 1), 2).next.kind).toBe('end');
  });
});
