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

/** `show` is told each instant to which the clock is set. */
export function openClockwork(beginMs: number, show: (atMs: number) => void): Clockwork {
  const arranged: { atMs: number; order: number; act: () => Promise<void> }[] = [];
  let order = 0;
  let nowMs = beginMs;
  show(beginMs);
  return {
    nowMs: () => nowMs,
    now: () => new Date(nowMs).toISOString(),
    after: (ms, act) => void arranged.push({ atMs: nowMs + ms, order: (order += 1), act }),
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
    set(atMs) {
      nowMs = atMs;
      show(atMs);
    },
  };
}
