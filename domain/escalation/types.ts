import type { Level } from '../codes.ts';
import type { Instant } from '../follow-up/types.ts';
import type { BusinessCalendar } from '../time/calendar.ts';

/** An escalation: a ladder of people paged until a named human has taken it and then ended it. Only a named human ends red. */
export interface EscalationState {
  schemaVersion: 1;
  escalationId: string;
  level: Level;
  /** open: being paged; acknowledged: somebody has it, the second clock runs; closed: a named human ended it. */
  status: 'open' | 'acknowledged' | 'closed';
  openedAt: Instant;
  /** When the clinic works, where the ladder's clock keeps to it; null where it never stands still. Never for red. */
  businessHours: BusinessCalendar | null;
  rungs: { page: string; waitMs: number }[];
  repeatTopMs: number;
  reachWithinMs: number;
  /** When the next page is due; once acknowledged, when the second clock ends. */
  nextAt: Instant;
  /** When the ladder was last begun from its first rung: at the alert's own begin, and anew where nobody of its top could be paged. */
  passBeganAt: Instant;
  /** The page that is due then: by SMS first, by voice when that was not delivered. */
  nextPage: PageTarget;
  /** Pages made so far; each page's contact kind is `page-<n>`. */
  pagesMade: number;
  lastPage: PageTarget | null;
  /** Whom the last page went to, as a person id; null before the first, and while only a receipt has told of it. */
  lastPagedPerson: string | null;
  acknowledgedAt: Instant | null;
  acknowledgedBy: string | null;
  closedBy: string | null;
  closeReason: EscalationCloseReason | null;
}

export interface PageTarget {
  rungIndex: number;
  /** Place on the rung's rota, from 0. Who stands there is looked up at the moment of paging. */
  personIndex: number;
  channel: 'sms' | 'voice';
}

export const escalationCloseReasons = ['patient-reached', 'patient-in-care', 'false-alarm', 'duplicate', 'handed-to-emergency'] as const;
export type EscalationCloseReason = (typeof escalationCloseReasons)[number];

export type PersonSkipped = 'no-phone' | 'inactive';

export type EscalationEvent =
  /** `person` is left out where a receipt tells of a page before the page's own end does. */
  | { kind: 'page-ended'; page: number; outcome: 'sent' | 'unreachable' | 'unknown'; person?: string; at: Instant }
  /** Whoever stands at this place of the rota cannot be paged: the next one is. No page was made. */
  | { kind: 'person-skipped'; page: number; rota: string; personIndex: number; person: string; reason: PersonSkipped; at: Instant }
  /** The rota has nobody at this place, or none any more: the next rung, and behind the top the first again. No page was made. */
  | { kind: 'rota-exhausted'; page: number; rota: string; personIndex: number; at: Instant }
  /** The page could not go out yet (the provider is busy): the same page again at `until`. */
  | { kind: 'page-held'; page: number; until: Instant; at: Instant }
  | { kind: 'page-receipt'; page: number; delivered: boolean; at: Instant }
  | { kind: 'acknowledged'; by: string; at: Instant }
  | { kind: 'closed'; by: string; reason: EscalationCloseReason; at: Instant };

export type EscalationNext =
  | { kind: 'wait'; dueAt: Instant | null; summary: string }
  | { kind: 'page'; escalationId: string; page: number; rota: string; personIndex: number; channel: 'sms' | 'voice'; revision: number; summary: string }
  | { kind: 'end'; summary: string };

export interface EscalationDecision {
  state: EscalationState;
  next: EscalationNext;
}
