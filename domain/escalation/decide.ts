import { assertNever } from '../codes.ts';
import type { Level } from '../codes.ts';
import { plusMs } from '../follow-up/evolve.ts';
import type { Instant } from '../follow-up/types.ts';
import type { Ladder } from '../plan/format.ts';
import { durationMs } from '../time/durations.ts';
import type { EscalationDecision, EscalationEvent, EscalationNext, EscalationState, PageTarget } from './types.ts';

/** A new escalation: its first page is due at once. Durations of the ladder become milliseconds. */
export function openEscalation(escalationId: string, level: Level, ladder: Ladder, now: Instant): EscalationState {
  return {
    schemaVersion: 1,
    escalationId,
    level,
    status: 'open',
    openedAt: now,
    rungs: ladder.rungs.map((rung) => ({ page: rung.page, waitMs: durationMs(rung.wait) })),
    repeatTopMs: durationMs(ladder.repeatTop),
    reachWithinMs: durationMs(ladder.reachWithin),
    nextAt: now,
    nextPage: { rungIndex: 0, channel: 'sms' },
    pagesMade: 0,
    lastPage: null,
    acknowledgedAt: null,
    acknowledgedBy: null,
    closedBy: null,
    closeReason: null,
  };
}

/** What one fact does to an escalation. Only a named human acknowledges and only a named human closes. */
export function evolveEscalation(state: EscalationState, event: EscalationEvent): EscalationState {
  if (state.status === 'closed') return state;
  switch (event.kind) {
    case 'page-ended':
      if (state.status !== 'open' || event.page !== state.pagesMade + 1) return state;
      return pageEnded(state, event.outcome, event.at);
    case 'page-held':
      return state.status === 'open' && event.page === state.pagesMade + 1 ? { ...state, nextAt: event.until } : state;
    case 'page-receipt':
      if (state.status !== 'open' || event.delivered || event.page !== state.pagesMade || state.lastPage === null) return state;
      return { ...state, nextPage: afterFailure(state, state.lastPage), nextAt: event.at };
    case 'acknowledged':
      if (state.status !== 'open') return state;
      return { ...state, status: 'acknowledged', acknowledgedAt: event.at, acknowledgedBy: event.by, nextAt: plusMs(event.at, state.reachWithinMs) };
    case 'closed':
      return { ...state, status: 'closed', closedBy: event.by, closeReason: event.reason };
    default:
      return assertNever(event);
  }
}

/** What the escalation's thread does next. It never ends by itself: silence climbs the ladder, and the top repeats. */
export function decideEscalation(state: EscalationState, now: Instant, revision: number): EscalationDecision {
  const current = state.status === 'acknowledged' && state.nextAt <= now ? notReachedInTime(state, now) : state;
  return { state: current, next: nextOf(current, now, revision) };
}

function nextOf(state: EscalationState, now: Instant, revision: number): EscalationNext {
  switch (state.status) {
    case 'closed':
      return { kind: 'end', summary: `closed: ${state.closeReason ?? ''}` };
    case 'acknowledged':
      return { kind: 'wait', dueAt: state.nextAt, summary: 'acknowledged: until the patient is reached' };
    case 'open': {
      if (state.nextAt > now) return { kind: 'wait', dueAt: state.nextAt, summary: `${state.level}: until the next page` };
      const { rungIndex, channel } = state.nextPage;
      const rung = rungAt(state, rungIndex);
      return { kind: 'page', escalationId: state.escalationId, page: state.pagesMade + 1, rota: rung.page, channel, revision, summary: `page ${rung.page} by ${channel}` };
    }
    default:
      return assertNever(state.status);
  }
}

function pageEnded(state: EscalationState, outcome: 'sent' | 'unreachable' | 'unknown', at: Instant): EscalationState {
  const made = { ...state, pagesMade: state.pagesMade + 1, lastPage: state.nextPage };
  // An SMS of which nobody knows whether it went out is followed by a call at once: a page too many harms nobody.
  if (outcome === 'unreachable' || outcome === 'unknown') {
    const nextPage = afterFailure(state, state.nextPage);
    // A ladder of which nobody can be paged is tried again at its repeat, not in a busy loop.
    const exhausted = nextPage.rungIndex === state.nextPage.rungIndex && nextPage.channel === 'sms';
    return { ...made, nextPage, nextAt: exhausted ? plusMs(at, state.repeatTopMs) : at };
  }
  const { rungIndex } = state.nextPage;
  const isTop = rungIndex === state.rungs.length - 1;
  return { ...made, nextPage: climb(state, rungIndex), nextAt: plusMs(at, isTop ? state.repeatTopMs : rungAt(state, rungIndex).waitMs) };
}

/** An SMS that did not arrive becomes a call to the same person; a call that did not, the next person. */
function afterFailure(state: EscalationState, page: PageTarget): PageTarget {
  return page.channel === 'sms' ? { rungIndex: page.rungIndex, channel: 'voice' } : climb(state, page.rungIndex);
}

function climb(state: EscalationState, rungIndex: number): PageTarget {
  return { rungIndex: Math.min(rungIndex + 1, state.rungs.length - 1), channel: 'sms' };
}

/** The second clock ran out: whoever took it has not reached the patient, so paging goes on, one rung higher. */
function notReachedInTime(state: EscalationState, now: Instant): EscalationState {
  return { ...state, status: 'open', nextPage: climb(state, state.lastPage?.rungIndex ?? -1), nextAt: now };
}

function rungAt(state: EscalationState, rungIndex: number) {
  const rung = state.rungs[rungIndex];
  if (rung === undefined) throw new Error(`Escalation ${state.escalationId} has no rung ${rungIndex}.`);
  return rung;
}
