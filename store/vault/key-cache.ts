import type { DataKey } from './seal.ts';

export interface KeyCacheOptions {
  /** Most keys held at once; the longest unused goes first. */
  maxKeys: number;
  /** No key is held longer, whether used or not: an erasure by another process takes hold here after it. */
  maxAgeMs: number;
}

export interface KeyCache {
  get(id: string): DataKey | undefined;
  put(key: DataKey): void;
  drop(id: string): void;
  readonly size: number;
  /** Forgets all keys and stops the timer. */
  clear(): void;
}

/**
 * Data keys in memory, bounded in number and in time. A key's bytes are overwritten when it leaves, so whoever gets a key
 * must be done with it before awaiting anything.
 */
export function createKeyCache({ maxKeys, maxAgeMs }: KeyCacheOptions): KeyCache {
  // A Map keeps the order of insertion: the first entry is the longest unused.
  const held = new Map<string, { key: DataKey; expiresAt: number }>();
  let sweep: NodeJS.Timeout | undefined;

  const drop = (id: string): void => {
    held.get(id)?.key.bytes.fill(0);
    held.delete(id);
    if (held.size === 0) {
      clearInterval(sweep);
      sweep = undefined;
    }
  };
  const dropExpired = (): void => {
    const now = performance.now();
    for (const [id, { expiresAt }] of held) if (expiresAt <= now) drop(id);
  };

  return {
    get: (id) => {
      const entry = held.get(id);
      if (entry === undefined) return undefined;
      if (entry.expiresAt <= performance.now()) {
        drop(id);
        return undefined;
      }
      held.delete(id);
      held.set(id, entry);
      return entry.key;
    },
    put: (key) => {
      drop(key.id);
      for (const id of held.keys()) {
        if (held.size < maxKeys) break;
        drop(id);
      }
      held.set(key.id, { key, expiresAt: performance.now() + maxAgeMs });
      // Unused keys are to leave memory too, not only those that are asked for again.
      sweep ??= setInterval(dropExpired, maxAgeMs).unref();
    },
    drop,
    get size() {
      return held.size;
    },
    clear: () => {
      for (const id of held.keys()) drop(id);
    },
  };
}
