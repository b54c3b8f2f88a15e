/**
 * A seed's place between 0 and 1: FNV-1a, then the finaliser of MurmurHash3, which spreads seeds that differ in one
 * letter. Not to be changed: planned contacts would move. `gate.share_of` is the same in SQL.
 */
export function shareOf(seed: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < seed.length; index += 1) hash = Math.imul(hash ^ seed.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
