/** Work that is begun in a request and ends after its answer, such as a poke. */
export interface PendingWork {
  /** Keeps the promise until it settles. It must not reject. */
  add(work: Promise<unknown>): void;
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
  /** Aborted at shutdown: work that waits for another try has its last. */
  stopping: AbortSignal;
  /** Tells it to come to its end, and resolves when it has. */
  stop(): Promise<void>;
}

export function createPendingWork(): PendingWork {
  const underWay = new Set<Promise<unknown>>();
  const stopping = new AbortController();
  const settled = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.allSettled(underWay);
  };
  return {
    add(work) {
      const kept: Promise<unknown> = work.finally(() => underWay.delete(kept));
      underWay.add(kept);
    },
    settled,
    stopping: stopping.signal,
    async stop() {
      stopping.abort();
      await settled();
    },
  };
}
