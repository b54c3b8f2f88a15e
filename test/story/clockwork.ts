import { vi } from 'vitest';

/** What happens at instants of the one clock that all parts of a run read. */
export interface Clockwork {
  nowMs(): number;
  now(): string;
  /** Lets something happen later; of one instant in the order in which it was arranged. */
  after(ms: number, act: () => Promise<void>): void;
  /** The earliest thing arranged. */
  next(): { atMs: number; run: () => Promise<void> } | null;
  set(atMs: number): void;
}

export function openClockwork(beginMs: number): Clockwork {
  const arranged: { atMs: number; order: number; act: () => Promise<void> }[] = [];
  let order = 0;
  vi.setSystemTime(beginMs);
  return {
    nowMs: () => Date.now(),
    now: () => new Date().toISOString(),
    after: (ms, act) => void arranged.push({ atMs: Date.now() + ms, order: (order += 1), act }),
    next() {
      const [first] = [...arranged].sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (first === undefined) return null;
      return {
        atMs: first.atMs,
        run: async () => {
          arranged.splice(arranged.indexOf(first), 1);
          await first.act();
        },
      };
    },
    set: (atMs) => void vi.setSystemTime(atMs),
  };
}
