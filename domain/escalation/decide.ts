import { assertNever } from '../codes.ts';
import type { Level } from '../codes.ts';
import type { BusinessCalendar } from '../time/calendar.ts';
import type { Instant } from '../follow-up/types.ts';
import type { Ladder } from '../plan/format.ts';
import { durationMs, plusMs } from '../time/durations.ts';
import { firstPageAt, pausedUntil, waitEnds } from './clock.ts';
import type { EscalationDecision, EscalationEvent, EscalationNext, EscalationState, PageTarget } from './types.ts';

/**
 * A new escalation: its first page is due at once, or when the clinic opens where the ladder keeps business hours. A red one
 * never waits for that, whatever its ladder says. Durations of the ladder become milliseconds.
 */
export function openEscalation(escalationId: string, level: Level, ladder: Ladder, now: Instant, calendar?: BusinessCalendar): EscalationState {
  const businessHours = level !== 'red' && ladder.hours === 'business' && calendar !== undefined ? calendar : null;
  const nextAt = firstPageAt({ businessHours, openedAt: now });
  const isOver = nextAt >= pausedUntil({ openedAt: now });
  return {
    schemaVersion: 1,
    escalationId,
    level,
    status: 'open',
    openedAt: now,
    rungs: ladder.rungs.map((rung) => ({ page: rung.page, waitMs: durationMs(rung.wait) })),
    repeatTopMs: durationMs(ladder.repeatTop),
    reachWithinMs: durationMs(ladder.reachWithin),
    businessHours,
    nextAt,
    passBeganAt: nextAt,
    nextPage: firstOf(isOver ? ladder.rungs.length - 1 : 0),
    pagesMade: 0,
    lastPage: null,
    lastPagedPerson: null,
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
      // A receipt has told of this page already, but not whom it went to.
      if (event.page === state.pagesMade && state.lastPagedPerson === null) return { ...state, lastPagedPerson: event.person ?? null };
      return event.page === state.pagesMade + 1 ? endedUnderWay(state, { ...pageEnded(state, event.outcome, event.at), lastPagedPerson: event.person ?? null }) : state;
    case 'page-held':
      return isDue(state, event.page) ? { ...state, nextAt: event.until } : state;
    case 'person-skipped':
      return isDueAt(state, event) ? { ...state, nextPage: nextPerson(state.nextPage), nextAt: event.at } : state;
    case 'rota-exhausted':
      return isDueAt(state, event) ? rotaExhausted(state, event.at) : state;
    case 'page-receipt':
      if (state.status !== 'open' || event.delivered || event.page !== state.pagesMade || state.lastPage === null) return state;
      return { ...state, nextPage: afterFailure(state.lastPage), nextAt: event.at };
    case 'acknowledged':
      if (state.status !== 'open') return state;
      return { ...state, status: 'acknowledged', acknowledgedAt: event.at, acknowledgedBy: event.by, nextAt: waitEnds(state, event.at, state.reachWithinMs) };
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
      const { rungIndex, personIndex, channel } = state.nextPage;
      const rung = rungAt(state, rungIndex);
      return { kind: 'page', escalationId: state.escalationId, page: state.pagesMade + 1, rota: rung.page, personIndex, channel, revision, summary: `page ${rung.page}, person ${personIndex + 1}, by ${channel}` };
    }
    default:
      return assertNever(state.status);
  }
}

function isDue(state: EscalationState, page: number): boolean {
  return state.status === 'open' && page === state.pagesMade + 1;
}

/** Of the very person who is to be paged: told twice, as by a worker that died after telling, it counts once and skips nobody of the next rung. */
function isDueAt(state: EscalationState, { page, rota, personIndex }: { page: number; rota: string; personIndex: number }): boolean {
  return isDue(state, page) && personIndex === state.nextPage.personIndex && rota === rungAt(state, state.nextPage.rungIndex).page;
}

function pageEnded(state: EscalationState, outcome: 'sent' | 'unreachable' | 'unknown', at: Instant): EscalationState {
  const made = { ...state, pagesMade: state.pagesMade + 1, lastPage: state.nextPage };
  // An SMS of which nobody knows whether it went out is followed by a call at once: a page too many harms nobody.
  if (outcome !== 'sent') return { ...made, nextPage: afterFailure(state.nextPage), nextAt: at };
  const { rungIndex } = state.nextPage;
  if (isTop(state, rungIndex)) return { ...made, nextPage: firstOf(rungIndex), nextAt: waitEnds(state, at, state.repeatTopMs) };
  const nextAt = waitEnds(state, at, rungAt(state, rungIndex).waitMs);
  // A clock that stood still as long as it may: no more rungs that keep office hours, but the top of the ladder.
  const isOver = state.businessHours !== null && nextAt >= pausedUntil(state);
  return { ...made, nextPage: isOver ? firstOf(state.rungs.length - 1) : climb(state, rungIndex), nextAt };
}

/** A page that was under way when somebody took the alert is made all the same: its number, taken again, would reach nobody. The second clock runs on. */
function endedUnderWay({ status, nextAt }: EscalationState, made: EscalationState): EscalationState {
  return status === 'acknowledged' ? { ...made, nextAt } : made;
}

/**
 * Nobody of this rung could be paged: the next rung at once. A top without anybody would repeat to nobody for ever, so behind
 * it the ladder begins anew; a pass takes at least the top's repeat, so that an empty ladder is no busy loop.
 */
function rotaExhausted(state: EscalationState, at: Instant): EscalationState {
  const { rungIndex } = state.nextPage;
  if (!isTop(state, rungIndex)) return { ...state, nextPage: climb(state, rungIndex), nextAt: at };
  const earliest = plusMs(state.passBeganAt, state.repeatTopMs);
  const nextAt = earliest > at ? earliest : at;
  return { ...state, nextPage: firstOf(0), nextAt, passBeganAt: nextAt };
}

/** An SMS that did not arrive becomes a call to the same person; a call that did not, the next person of the rota. */
function afterFailure(page: PageTarget): PageTarget {
  return page.channel === 'sms' ? { ...page, channel: 'voice' } : nextPerson(page);
}

function nextPerson({ rungIndex, personIndex }: PageTarget): PageTarget {
  return { rungIndex, personIndex: personIndex + 1, channel: 'sms' };
}

function climb(state: EscalationState, rungIndex: number): PageTarget {
  return firstOf(isTop(state, rungIndex) ? rungIndex : rungIndex + 1);
}

function firstOf(rungIndex: number): PageTarget {
  return { rungIndex, personIndex: 0, channel: 'sms' };
}

function isTop(state: EscalationState, rungIndex: number): boolean {
  return rungIndex === state.rungs.length - 1;
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
