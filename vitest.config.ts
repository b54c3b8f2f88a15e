import { defineConfig } from 'vitest/config';

/** One project a suite, so that `npm test` can count each by name. TESTING.md tells what each pins. */
const suite = (name: string, extra: Record<string, unknown> = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 60_000, hookTimeout: 120_000, ...extra },
});
/** One loading of the modules a process, not one a test file: that was half of what many small files cost. */
const together = { isolate: false };
const withSeed = { setupFiles: ['test/support/property-seed.ts'] };
const withPostgres = { globalSetup: ['test/support/global-postgres.ts'] };

export default defineConfig({
  test: {
    // Three were tried: the suites that wait end sooner, but all together cost a tenth more CPU, and the whole takes longer.
    maxWorkers: 2,
    // What was made of a source is kept by its content, as `scripts/bundle.mjs` does: twelve runs of vitest need not each make it anew.
    experimental: { fsModuleCache: true, fsModuleCachePath: 'node_modules/.cache/carethread/vitest' },
    projects: [
      suite('unit', { ...together, ...withSeed }),
      suite('property', { ...together, ...withSeed }),
      suite('store', { ...together, ...withPostgres }),
      suite('providers', together),
      suite('sandbox', together),
      suite('workflow', { ...together, ...withPostgres }),
      suite('replay'),
      suite('story', { ...withPostgres, ...withSeed, testTimeout: 300_000 }),
      suite('api', { ...together, ...withPostgres }),
      suite('browser', { ...together, ...withPostgres, testTimeout: 300_000 }),
      suite('end-to-end', { testTimeout: 300_000 }),
    ],
  },
});
