import type { Temporal } from 'temporal-polyfill';
import { TimeError } from './instants.ts';
import { atWallTime, localTimeOf } from './local-times.ts';
import { shareOf } from './share.ts';

/** Local times `HH:MM` in place of one. `from` is inside, `to` is not. `from` after `to` runs over midnight, into the next day. */
export interface LocalWindow {
  from: string;
  to: string;
}

/**
 * The moment within `window` that `seed` draws, for the window that begins on `date`.
 *
 * - Seeds fall evenly over the window: on whole minutes, or on whole seconds when it is shorter than an hour. The same
 *   seed draws the same local time on every day, in every zone and for ever.
 * - When the clocks skip a part of the window, the draws of that part are spread over what is left of it.
 * - When they skip all of it, each draw moves forward by the gap, as a single local time would.
 * - A part that comes twice counts once: its first coming.
 */
export function momentInWindow(date: Temporal.PlainDate, window: LocalWindow, seed: string, zone: string): Temporal.ZonedDateTime {
  if (window.from === window.to) throw new TimeError('bad-window', 'Make the window begin and end at different times.');
  const begin = date.toPlainDateTime(localTimeOf(window.from));
  const days = window.from < window.to ? 0 : 1;
  const end = date.add({ days }).toPlainDateTime(localTimeOf(window.to));
  const length = secondsBetween(begin, end);
  const unit = length >= 3600 ? 60 : 1;
  const drawn = shareOf(seed) * length;
  const at = (seconds: number): Temporal.PlainDateTime => begin.add({ seconds: Math.floor(seconds / unit) * unit });

  const moment = atWallTime(at(drawn), zone);
  const gap = secondsBetween(at(drawn), moment.toPlainDateTime());
  if (gap === 0) return moment;
  // Asked a millisecond later, since a moment that is the change itself would give the change before it.
  const change = moment.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
  if (change === null) return moment;
  const gapEnd = change.toPlainDateTime();
  const before = Math.max(0, secondsBetween(begin, gapEnd) - gap);
  const after = Math.max(0, secondsBetween(gapEnd, end));
  if (before + after < unit) return moment;
  const left = ((drawn - before) / (length - before - after)) * (before + after);
  return left < before ? atWallTime(at(left), zone) : change.add({ seconds: Math.floor((left - before) / unit) * unit });
}

function secondsBetween(from: Temporal.PlainDateTime, to: Temporal.PlainDateTime): number {
  return from.until(to, { largestUnit: 'second' }).seconds;
}
