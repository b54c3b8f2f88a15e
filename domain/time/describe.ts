import type { Instant } from '../follow-up/types.ts';
import { epochMs } from './instants.ts';
import { dateOf, localTimeOf } from './local-times.ts';
import { wallMsAt } from './zone-offsets.ts';

/** An instant as the patient's wall shows it, with the zone's name: `2026-05-01 09:00 Asia/Shanghai`. */
export function localText(instant: Instant, zone: string): string {
  const wallMs = wallMsAt(epochMs(instant), zone);
  return `${dateOf(wallMs)} ${localTimeOf(wallMs)} ${zone}`;
}
