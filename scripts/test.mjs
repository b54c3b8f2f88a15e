import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ensureNode, ensurePackages, root } from './ensure-packages.mjs';

/**
 * `npm test [-- --suite unit --suite store]`: lint, types and all suites, one after the other. Its last line is
 * `N passed, N failed`: tests, with a failed lint or types counted as one. A suite whose tool cannot be had is skipped
 * by name; with CI=true each skip is a failure.
 */
const tools = ['temporal', 'time-skipping', 'chromium'];

/** In the order they run: first what needs no server, while a Temporal server may still be being built. */
const suites = [
  { name: 'lint', command: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'], needs: [] },
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '--noEmit'], needs: [] },
  { name: 'unit', needs: [] },
  { name: 'property', needs: [] },
  { name: 'providers', needs: [] },
  { name: 'store', needs: [] },
  { name: 'replay', needs: [] },
  { name: 'api', needs: [] },
  { name: 'sandbox', needs: ['temporal', 'time-skipping'] },
  { name: 'workflow', needs: ['temporal', 'time-skipping'] },
  { name: 'browser', needs: ['temporal', 'chromium'] },
  { name: 'end-to-end', needs: ['temporal'] },
];

const isCi = process.env.CI === 'true' || process.env.CI === '1';
const say = (line) => process.stdout.write(`${line}\n`);
const children = new Set();

function run(args, { output = 'inherit', onLine } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', output, output] });
    children.add(child);
    if (onLine !== undefined) for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
    child.once('error', () => resolve(1));
    child.once('close', (code) => {
      children.delete(child);
      resolve(code ?? 1);
    });
  });
}

function endAll(signal) {
  for (const child of children) child.kill(signal);
  rmSync(results, { recursive: true, force: true });
  process.exit(130);
}

/** Gets a tool in the background; settles with undefined, or with the reason why it cannot be had. */
async function obtain(tool) {
  let last = '';
  const onLine = (line) => {
    last = line;
    if (!path.isAbsolute(line)) say(`[${tool}] ${line}`);
  };
  const code = await run(['scripts/run.mjs', 'sandbox/obtain.ts', tool], { output: 'pipe', onLine });
  return code === 0 ? undefined : last;
}

function hasTests(name) {
  try {
    return readdirSync(path.join(root, 'test', name), { recursive: true }).some((file) => file.endsWith('.test.ts'));
  } catch {
    return false;
  }
}

/** Folders with tests that no suite names would never run. */
function unnamedSuites() {
  return readdirSync(path.join(root, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && hasTests(entry.name) && !suites.some((suite) => suite.name === entry.name))
    .map((entry) => entry.name);
}

function countsIn(file, code) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    // A file that does not even load holds no failed test, and is a failure all the same.
    const unloaded = report.testResults.filter((result) => result.status === 'failed' && !result.assertionResults.some((test) => test.status === 'failed'));
    const failed = report.numFailedTests + unloaded.length;
    const skipped = report.numPendingTests + report.numTodoTests;
    return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed, skipped };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

async function runSuite(suite) {
  if (suite.command !== undefined) return { passed: 0, failed: (await run(suite.command)) === 0 ? 0 : 1, skipped: 0 };
  const file = path.join(results, `${suite.name}.json`);
  const code = await run(['node_modules/vitest/vitest.mjs', 'run', '--project', suite.name, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  return countsIn(file, code);
}

const { values } = parseArgs({ options: { suite: { type: 'string', multiple: true } } });
const unknown = (values.suite ?? []).filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  process.stderr.write(`No suite named ${unknown.join(', ')}. There are: ${suites.map((suite) => suite.name).join(', ')}.\n`);
  process.exit(2);
}
ensureNode();
ensurePackages();

const results = mkdtempSync(path.join(tmpdir(), 'carethread-results-'));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => endAll(signal));
const chosen = suites.filter((suite) => values.suite === undefined || values.suite.includes(suite.name));
const obtained = new Map(tools.filter((tool) => chosen.some((suite) => suite.needs.includes(tool))).map((tool) => [tool, obtain(tool)]));
const rows = [];
let passed = 0;
let failed = 0;

function skip(name, reason) {
  say(`\n== ${name}: skipped (${reason})`);
  rows.push([name, `skipped: ${reason}`]);
  if (isCi) failed += 1;
}

for (const suite of chosen) {
  if (suite.command === undefined && !hasTests(suite.name)) {
    skip(suite.name, 'it has no tests');
    continue;
  }
  const reasons = (await Promise.all(suite.needs.map((tool) => obtained.get(tool)))).filter((reason) => reason !== undefined);
  if (reasons.length > 0) {
    skip(suite.name, reasons.join(' '));
    continue;
  }
  say(`\n== ${suite.name}`);
  const startedAt = Date.now();
  const counts = await runSuite(suite);
  passed += counts.passed;
  failed += counts.failed + (isCi ? counts.skipped : 0);
  const said = suite.command === undefined ? `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}` : counts.failed === 0 ? 'clean' : 'failed';
  rows.push([suite.name, `${said} (${Math.round((Date.now() - startedAt) / 1000)} s)`]);
}
for (const name of unnamedSuites()) {
  rows.push([name, 'failed: test/ has this folder, but no suite runs it']);
  failed += 1;
}
await Promise.all(obtained.values());
rmSync(results, { recursive: true, force: true });

say('\nSummary');
for (const [name, said] of rows) say(`  ${name.padEnd(12)} ${said}`);
if (isCi && rows.some(([, said]) => said.includes('skipped'))) say('  CI allows no skip: each counts as failed.');
process.exitCode = failed === 0 ? 0 : 1;
say(`\n${passed} passed, ${failed} failed`);
