/** What suites need and npm does not bring with the packages: `sandbox/obtain.ts` knows how to get each. */
export const tools = ['temporal', 'time-skipping', 'chromium', 'node-24'];

const vitest = (...projects) => ['node_modules/vitest/vitest.mjs', 'run', ...projects.flatMap((name) => ['--project', name])];

/**
 * Two lanes run side by side, each in this order, and a lane that is through takes over from the other's end: the first
 * computes nearly all the time, the second mostly waits for servers and browsers, so that together they fill two cores.
 * A suite without `command` is the folder of that name in `test/`. `postgres`: it uses the cluster of the run. `without`: files left out. Suites in
 * brackets are one run of vitest, whose processes load the modules once for all of them; they need the same.
 */
export const lanes = [
  [
    { name: 'lint', command: ['scripts/testing/unless-clean.mjs', 'lint'] },
    { name: 'types', command: ['scripts/testing/unless-clean.mjs', 'types'] },
    [{ name: 'unit' }, { name: 'property' }, { name: 'providers' }, { name: 'replay' }],
    { name: 'node-24', projects: ['unit', 'property', 'replay'], node: 'node-24', env: { PROPERTY_SHARE: '0.1' }, without: ['test/property/whole.test.ts', 'test/unit/ready-plans/**'], needs: ['node-24'], coveredFrom: 24 },
    [
      { name: 'store', postgres: true },
      { name: 'api', postgres: true },
    ],
    { name: 'sandbox', needs: ['temporal', 'time-skipping'] },
  ],
  [
    { name: 'end-to-end', needs: ['temporal'] },
    { name: 'workflow', needs: ['temporal', 'time-skipping'], postgres: true },
    { name: 'story', postgres: true },
    { name: 'browser', needs: ['temporal', 'chromium'], postgres: true },
  ],
].map((lane) => lane.map((run) => [run].flat().map((suite) => ({ needs: [], projects: [suite.name], ...suite }))));

export const suites = lanes.flat(2);

/** What Node is to run for these suites of one run; the report of their tests goes to `reportFile`. */
export function argumentsOf(run, reportFile) {
  return run[0].command ?? [...vitest(...run.flatMap((suite) => suite.projects)), ...run.flatMap((suite) => suite.without ?? []).flatMap((file) => ['--exclude', file]), '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
}
