/** 1 is what `npm test` plays; the suite node-24 plays a tenth of it once more, and `PROPERTY_SHARE=20` explores for a night. */
const share = Number(process.env['PROPERTY_SHARE'] ?? '1');

/** So many random cases of a property, or that share of them that is asked for; at least one. */
export function cases(count: number): { numRuns: number } {
  return { numRuns: Math.max(1, Math.round(count * share)) };
}
