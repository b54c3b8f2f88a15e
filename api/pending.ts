/** Work that is begun in a request and ends after its answer, such as a poke. */
export interface PendingWork {
  /** Keeps the promise until it settles. It must not reject. */
  add(work: Promise<unknown>): void;
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
}

export function createPendingWork(): PendingWork {
  const underWay = new Set<Promise<unknown>>();
  return {
    add(work) {
      const kept: Promise<unknown> = work.finally(() => underWay.delete(kept));
      underWay.add(kept);
    },
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
