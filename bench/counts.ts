import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from './children.ts';

const withinMs = 240_000;

/** How much a process says that it has done since its start. */
export async function countOf(child: Child): Promise<number> {
  return (await child.ask('count')) as number;
}

/** Waits until a process has done so much. A number is asked for, so that waiting costs either side next to nothing: what is to be measured takes all of the machine. */
export async function untilCount(child: Child, count: number): Promise<void> {
  const endsAt = Date.now() + withinMs;
  while ((await countOf(child)) < count) {
    if (Date.now() > endsAt) throw new Error(`${child.name} has not done all within ${withinMs / 1_000} s.`);
    await delay(100);
  }
}
