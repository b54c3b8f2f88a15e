import type { Channel } from '../../domain/codes.ts';
import { contactLimits } from '../../domain/contact/limits.ts';
import { isWithinContactHours } from '../../domain/time/contact-hours.ts';
import type { ContactHours } from '../../domain/time/contact-hours.ts';

/** What may never be seen from outside, whatever a decider believes: judged from what reached a patient, and from what was written down of consent. */

/** A contact as the phone network or the mail server has it, and how the patient stood at that moment. */
export interface SeenContact {
  at: string;
  channel: Channel;
  /** Of which occurrence of which plan's step. */
  touchpoint: string;
  /** Such as `first`, `nudge-1` or `call-2`. */
  kind: string;
  /** Zone of the patient and contact hours of the plan. */
  zone: string;
  hours: ContactHours;
  hasConsent: boolean;
  /** The number has said STOP, or is somebody else's. */
  isStopped: boolean;
  status: string;
  /** Its touchpoint or follow-up had ended, or was paused. */
  isOver: boolean;
}

export interface Ended {
  touchpoint: string;
  at: string;
}

export interface Seen {
  contacts: readonly SeenContact[];
  /** Occurrences that were ever planned, and whether each has come to its end. */
  touchpoints: readonly { touchpoint: string; isDone: boolean }[];
  endings: readonly Ended[];
  /** Red alerts that were closed, and by whom; null: by nobody who has a name. */
  redClosedBy: readonly (string | null)[];
  /** Nothing but a pause, or an anchor that nobody makes known, may leave a touchpoint waiting. */
  mayWait: boolean;
  /** Steps that were taken to get here. */
  steps: number;
}

const dayMs = 86_400_000;
const stepsAtMost = 50_000;

/** Everything that is wrong, as sentences; none is the only good answer. `slackMs`: by how much a try that came again may be late against its claim. */
export function breaches({ contacts, touchpoints, endings, redClosedBy, mayWait, steps }: Seen, slackMs = 0): string[] {
  const seen = new Set<string>();
  const found = contacts.flatMap((contact, index): string[] => {
    const key = `${contact.touchpoint} ${contact.kind} ${contact.channel}`;
    const isAgain = seen.has(key);
    seen.add(key);
    return [
      ...(contact.hasConsent ? [] : [`without consent: ${key}`]),
      ...(contact.isStopped ? [`after STOP: ${key}`] : []),
      ...(contact.status === 'active' ? [] : [`to a patient who is ${contact.status}: ${key}`]),
      ...(contact.isOver ? [`of what was over or paused: ${key}`] : []),
      ...(isWithinContactHours(contact.at, contact.zone, contact.hours) ? [] : [`in quiet hours: ${key} at ${contact.at}`]),
      ...(isAgain ? [`twice: ${key}`] : []),
      ...overCap(contacts.slice(0, index), contact, slackMs).map((cap) => `over the cap of a ${cap}: ${key}`),
      ...(tooClose(contacts.slice(0, index), contact, slackMs) ? [`too close: ${key}`] : []),
    ];
  });
  const times = (touchpoint: string): number => endings.filter((ended) => ended.touchpoint === touchpoint).length;
  return [
    ...found,
    ...touchpoints.flatMap(({ touchpoint, isDone }) => (times(touchpoint) === (isDone ? 1 : 0) && (isDone || mayWait) ? [] : [`ended ${times(touchpoint)} times: ${touchpoint}`])),
    ...redClosedBy.flatMap((by) => (by === null ? ['a red alert was ended by nobody'] : [])),
    ...(steps > stepsAtMost ? [`no end after ${steps} steps`] : []),
  ];
}

function overCap(before: readonly SeenContact[], { at, channel }: SeenContact, slackMs: number): string[] {
  const count = (of: readonly SeenContact[], spanMs: number): number => of.filter((contact) => Date.parse(at) - Date.parse(contact.at) < spanMs - slackMs).length;
  const same = before.filter((contact) => contact.channel === channel);
  const { all, channels } = contactLimits;
  return [
    ...(count(before, dayMs) >= all.day ? ['day'] : []),
    ...(count(before, 7 * dayMs) >= all.week ? ['week'] : []),
    ...(count(same, dayMs) >= channels[channel].day ? [`day by ${channel}`] : []),
    ...(count(same, 7 * dayMs) >= channels[channel].week ? [`week by ${channel}`] : []),
  ];
}

function tooClose(before: readonly SeenContact[], { at, touchpoint }: SeenContact, slackMs: number): boolean {
  return before.some((contact) => contact.touchpoint !== touchpoint && Date.parse(at) - Date.parse(contact.at) < contactLimits.spacingMs - slackMs);
}
