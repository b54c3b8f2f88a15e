import type { Instant } from '../follow-up/types.ts';
import { wallClock } from './instants.ts';

/** An instant as the patient's wall shows it, with the zone's name: `2026-05-01 09:00 Asia/Shanghai`. */
export function localText(instant: Instant, zone: string): string {
  const there = wallClock(instant, zone);
  return `${there.toPlainDate().toString()} ${there.toPlainTime().toString({ smallestUnit: 'minute' })} ${zone}`;
}
