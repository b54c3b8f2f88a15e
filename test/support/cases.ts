/** 1 is what `npm test` plays; the suite node-24 plays a tenth of it once more, and `PROPERTY_SHARE=20` explores for a night. */
const share = Number(process.env['PROPERTY_SHARE'] ?? '1');

/** So many random cases of a property, or that share of them that is asked for; at least one. */
export function cases(count: number): { numRuns: number } {
  return { numRuns: Math.max(1, Math.round(count * share)) };
}

/**
 * Lives each drawn case once, though several properties judge it: with one seed they draw the same cases. What comes back is shared,
 * so a property reads it and changes nothing.
 */
export function livedOnce<Args extends unknown[], Life>(live: (...args: Args) => Life): (...args: Args) => Life {
  const lives = new Map<string, Life>();
  return (...args) => {
    const drawn = JSON.stringify(args);
    const life = lives.get(drawn) ?? live(...args);
    lives.set(drawn, life);
    return life;
  };
}
