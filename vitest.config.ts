import { defineConfig } from 'vitest/config';

/** One project a suite, so that `npm test` can count each by name. TESTING.md tells what each pins. */
const suite = (name: string, extra: Record<string, unknown> = {}) => ({
  // One loading of the modules a process, not one a test file: that was half of what the small files cost.
  test: { name, include: [`test/${name}/**/*.test.ts`], isolate: false, testTimeout: 60_000, hookTimeout: 120_000, ...extra },
});
const withSeed = { setupFiles: ['test/support/property-seed.ts'] };
const withPostgres = { globalSetup: ['test/support/global-postgres.ts'] };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      suite('unit', withSeed),
      suite('property', withSeed),
      suite('store', withPostgres),
      suite('providers'),
      suite('sandbox'),
      suite('workflow', withPostgres),
      suite('replay'),
      suite('story', { ...withPostgres, ...withSeed, testTimeout: 300_000 }),
      suite('api', withPostgres),
      suite('browser', withPostgres),
      suite('end-to-end', { ...withPostgres, testTimeout: 300_000 }),
    ],
  },
});
