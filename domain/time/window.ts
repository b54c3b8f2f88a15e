import { dayMs, localTimeMs } from './local-times.ts';
import { shareOf } from './share.ts';
import { TimeError } from './time-error.ts';
import { changeBefore, momentOf, wallMsAt } from './zone-offsets.ts';

/** Local times `HH:MM` in place of one. `from` is inside, `to` is not. `from` after `to` runs over midnight, into the next day. */
export interface LocalWindow {
  from: string;
  to: string;
}

/**
 * The moment within `window` that `seed` draws, for the window that begins on the date of this midnight, as a wall clock counts it.
 *
 * - Seeds fall evenly over the window: on whole minutes, or on whole seconds when it is shorter than an hour. The same
 *   seed draws the same local time on every day, in every zone and for ever.
 * - When the clocks skip a part of the window, the draws of that part are spread over what is left of it.
 * - When they skip all of it, each draw moves forward by the gap, as a single local time would.
 * - A part that comes twice counts once: its first coming.
 */
export function momentInWindow(midnight: number, window: LocalWindow, seed: string, zone: string): number {
  if (window.from === window.to) throw new TimeError('bad-window', 'Make the window begin and end at different times.');
  const begin = midnight + localTimeMs(window.from);
  const end = midnight + localTimeMs(window.to) + (window.from < window.to ? 0 : dayMs);
  const secondsFrom = (from: number, to: number): number => (to - from) / 1000;
  const length = secondsFrom(begin, end);
  const unit = length >= 3600 ? 60 : 1;
  const drawn = shareOf(seed) * length;
  const wholeMs = (seconds: number): number => Math.floor(seconds / unit) * unit * 1000;

  const moment = momentOf(begin + wholeMs(drawn), zone);
  const gap = secondsFrom(begin + wholeMs(drawn), wallMsAt(moment, zone));
  const change = gap === 0 ? null : changeBefore(moment, zone);
  if (change === null) return moment;
  const gapEnd = wallMsAt(change, zone);
  const before = Math.max(0, secondsFrom(begin, gapEnd) - gap);
  const after = Math.max(0, secondsFrom(gapEnd, end));
  if (before + after < unit) return moment;
  const left = ((drawn - before) / (length - before - after)) * (before + after);
  return left < before ? momentOf(begin + wholeMs(left), zone) : change + wholeMs(left - before);
}
