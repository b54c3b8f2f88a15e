import fc from 'fast-check';

/**
 * `npm test` plays the same random cases every time, so that a red run is the change's own doing and can be repeated. New cases are
 * explored by `PROPERTY_SEED=random npx vitest run --project property`, again and again; what that finds becomes a test of its own.
 */
const wanted = process.env['PROPERTY_SEED'] ?? '20261126';
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) });
