import { Problem } from './problem.ts';

export interface PlaceSettings {
  /** Pieces of work at one time: each takes a core. */
  atOnce: number;
  /** Places that one person may have, the one whose work is under way among them. */
  eachAtMost: number;
  /** Said to whoever has as many. */
  yours: string;
  /** Said to whoever finds that too many others wait. */
  busy: string;
  retryAfterSeconds: number;
}

export interface Places {
  /** Does `work` when it is its turn, or refuses with 429 before anything is done. */
  within<Result>(personId: string, work: () => Promise<Result>): Promise<Result>;
}

/** More than a clinic's coordinators do at one time; beyond it waiting is no answer. */
const waitingAtMost = 50;

/**
 * Shares few places among people: work of one person is done one piece after the other, whatever its sessions, so that a second person always
 * comes next and never finds all places taken by the first.
 */
export function createPlaces({ atOnce, eachAtMost, yours, busy, retryAfterSeconds }: PlaceSettings): Places {
  const underWay = new Set<string>();
  const waiting: { personId: string; begin: () => void }[] = [];

  const callNext = (): void => {
    while (underWay.size < atOnce) {
      const next = waiting.findIndex(({ personId }) => !underWay.has(personId));
      const [called] = next === -1 ? [] : waiting.splice(next, 1);
      if (called === undefined) return;
      underWay.add(called.personId);
      called.begin();
    }
  };
  return {
    async within(personId, work) {
      const own = waiting.filter((other) => other.personId === personId).length + (underWay.has(personId) ? 1 : 0);
      if (own >= eachAtMost) throw new Problem('too-many-requests', yours, { retryAfterSeconds });
      if (waiting.length >= waitingAtMost) throw new Problem('too-many-requests', busy, { retryAfterSeconds });
      await new Promise<void>((resolve) => {
        waiting.push({ personId, begin: resolve });
        callNext();
      });
      try {
        return await work();
      } finally {
        underWay.delete(personId);
        callNext();
      }
    },
  };
}
