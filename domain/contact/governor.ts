import type { Channel, GovernedReason } from '../codes.ts';
import type { Instant } from '../follow-up/types.ts';
import { isWithinContactHours, nextContactInstant } from '../time/contact-hours.ts';
import type { ContactHours } from '../time/contact-hours.ts';
import { plusMs } from '../time/durations.ts';
import { shareOf } from '../time/share.ts';
import type { ContactLimits } from './limits.ts';

/** A contact that we began with the patient: sent, claimed or of unknown outcome. */
export interface BegunContact {
  at: Instant;
  channel: Channel;
  /** The touchpoint that it is of. */
  subjectId: string;
}

/** A contact that is to begin. */
export interface GovernedContact {
  subjectId: string;
  channel: Channel;
  /** IANA zone of the patient. */
  zone: string;
  hours: ContactHours;
  /** The last instant at which it may begin; null: unbounded. */
  notAfter: Instant | null;
  /** What spreads releases: `<enrolment>/<step>/<occurrence>`. */
  seed: string;
}

export interface Hold {
  reason: GovernedReason;
  until: Instant;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const roundsAtMost = 8;

/**
 * Until when contact hours, caps and spacing together hold a contact, and by which of them; null: it may go now. The end of one hold
 * may lie within another (a cap that ends at night), so one answer tells when it can truly go. `gate.hold_of` is the same in SQL.
 */
export function holdOf(limits: ContactLimits, begun: readonly BegunContact[], wanted: GovernedContact, now: Instant): Hold | null {
  let reason: GovernedReason | null = null;
  let at = now;
  for (let round = 0; round < roundsAtMost; round += 1) {
    if (!isWithinContactHours(at, wanted.zone, wanted.hours)) {
      reason ??= 'quiet-hours';
      at = releaseAt(limits, wanted, nextContactInstant(at, wanted.zone, wanted.hours));
      continue;
    }
    const cap = capOf(limits, begun, wanted, at);
    if (cap === null) break;
    reason = cap.reason;
    at = cap.until;
  }
  return reason === null ? null : { reason, until: at };
}

/** The cap, or the spacing, that holds longest at an instant. Rolling hours, never days: a day may have 23. */
export function capOf({ all, channels, spacingMs }: ContactLimits, begun: readonly BegunContact[], { subjectId, channel }: Pick<GovernedContact, 'subjectId' | 'channel'>, now: Instant): Hold | null {
  const onChannel = begun.filter((contact) => contact.channel === channel);
  // Contacts of one step follow each other as the step itself has it.
  const others = begun.filter((contact) => contact.subjectId !== subjectId);
  const bounds: [GovernedReason, Instant | null][] = [
    ['daily-cap', endOf(begun, all.day, dayMs, now)],
    ['weekly-cap', endOf(begun, all.week, 7 * dayMs, now)],
    ['channel-cap', endOf(onChannel, channels[channel].day, dayMs, now)],
    ['channel-cap', endOf(onChannel, channels[channel].week, 7 * dayMs, now)],
    ['spacing', endOf(others, 1, spacingMs, now)],
  ];
  return bounds.reduce<Hold | null>((longest, [reason, until]) => (until !== null && (longest === null || until > longest.until) ? { reason, until } : longest), null);
}

/** When the oldest of the newest `most` contacts is `spanMs` old; null when that is no later than now. */
function endOf(begun: readonly BegunContact[], most: number, spanMs: number, now: Instant): Instant | null {
  const nth = begun.map(({ at }) => at).sort().at(-most);
  if (nth === undefined) return null;
  const until = plusMs(nth, spanMs);
  return until > now ? until : null;
}

/** Somewhat after the hours begin, each contact at its own moment, within its bound and within the hours, so that a morning's first minute does not bring all. */
function releaseAt({ releaseSpreadSeconds }: ContactLimits, { zone, hours, notAfter, seed }: GovernedContact, opens: Instant): Instant {
  const leftSeconds = notAfter !== null && notAfter >= opens ? Math.floor((Date.parse(notAfter) - Date.parse(opens)) / 1_000) : releaseSpreadSeconds;
  const seconds = Math.min(releaseSpreadSeconds, Math.floor(lengthSeconds(hours) / 2), leftSeconds);
  const at = plusMs(opens, Math.floor(shareOf(seed) * seconds) * 1_000);
  return isWithinContactHours(at, zone, hours) ? at : opens;
}

function lengthSeconds({ from, to }: ContactHours): number {
  const minutes = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  const between = minutes(to) - minutes(from);
  return (between > 0 ? between : between + 24 * 60) * 60;
}
