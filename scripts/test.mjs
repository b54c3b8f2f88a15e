import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureNode, ensurePackages, root } from './ensure-packages.mjs';
import { endAll, start } from './testing/children.mjs';
import { countsIn } from './testing/counts.mjs';
import { makeRunFolder } from './testing/run-folder.mjs';
import { argumentsOf, lanes, suites, tools } from './testing/suites.mjs';

/**
 * `npm test [-- --suite unit --suite store]`: lint, types and all suites, in two lanes side by side. Its last line is
 * `N passed, N failed`: tests, with a failed lint or types counted as one. A suite whose tool cannot be had is skipped
 * by name; with CI=true each skip is a failure. What a suite says is printed whole when it ends, a single one's at once.
 */
const isCi = process.env.CI === 'true' || process.env.CI === '1';
const foundWithinMs = 15_000;
const say = (line) => process.stdout.write(`${line}\n`);

const { values } = parseArgs({ options: { suite: { type: 'string', multiple: true } } });
const unknown = (values.suite ?? []).filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  process.stderr.write(`No suite named ${unknown.join(', ')}. There are: ${suites.map((suite) => suite.name).join(', ')}.\n`);
  process.exit(2);
}
ensureNode();
ensurePackages();

const folder = makeRunFolder();
/** For the suites and the servers that they start. */
const inFolder = { TMPDIR: folder };
const chosen = suites.filter((suite) => values.suite === undefined || values.suite.includes(suite.name));
const waiting = lanes.map((lane) => lane.map((run) => run.filter((suite) => chosen.includes(suite))).filter((run) => run.length > 0));
const rows = new Map(chosen.map((suite) => [suite.name, 'not run']));
const settledTools = new Map();
let passed = 0;
let failed = 0;
let interrupted = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    interrupted = true;
    void endAll();
  });
}

/** Gets the tools in the background, each a promise that settles with its path, or with the reason why it cannot be had. */
function obtain(tools) {
  const settle = new Map();
  const found = new Map(tools.map((tool) => [tool, new Promise((resolve) => settle.set(tool, resolve))]));
  const tell = (tool, what) => {
    if (!settledTools.has(tool)) settledTools.set(tool, what);
    settle.get(tool)(settledTools.get(tool));
  };
  if (tools.length === 0) return found;
  const { child, ended } = start(['scripts/run.mjs', 'sandbox/obtain.ts', ...tools], { output: 'pipe' });
  let complaint = 'the process that gets it ended without a word';
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{"tool"')) return say(line);
    const { tool, says, ...what } = JSON.parse(line);
    return says === undefined ? tell(tool, what) : say(`[${tool}] ${says}`);
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    complaint = line;
    say(line);
  });
  void ended.then(() => tools.forEach((tool) => tell(tool, { reason: complaint })));
  return found;
}

/** One Postgres for all suites of this run. Where it does not come up each suite starts its own, and says what is wrong. */
async function startCluster() {
  if (!chosen.some((suite) => suite.postgres)) return { env: {}, stop: () => Promise.resolve() };
  const { child, ended } = start(['scripts/run.mjs', 'test/support/shared-cluster.ts'], { input: 'pipe', output: 'pipe', env: inFolder });
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout });
  const told = await Promise.race([new Promise((resolve) => lines.once('line', resolve)), ended.then(() => undefined)]);
  child.stderr.resume();
  const stop = () => {
    child.stdin.end();
    return ended;
  };
  return { env: told === undefined ? {} : { CARETHREAD_TEST_CLUSTER: told }, stop };
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

function record(name, said) {
  rows.set(name, said);
  say(`\n== ${name}: ${said}`);
}

function skip(name, reason) {
  record(name, `skipped: ${reason}`);
  if (isCi) failed += 1;
}

/** What the suites of this run are called together. */
const namesOf = (run) => run.map((suite) => suite.name).join(', ');

/** Runs them; what they say goes to the terminal where there is no other run, else to a file that is printed at the end. */
async function output(run, reportFile, options) {
  const args = argumentsOf(run, reportFile);
  if (chosen.length === run.length) return start(args, options).ended;
  const logFile = path.join(folder, `${run[0].name}.log`);
  const log = await open(logFile, 'w');
  say(`-- ${namesOf(run)}: started (what it says until it ends: ${logFile})`);
  const code = await start(args, { ...options, output: log.fd }).ended;
  await log.close();
  process.stdout.write(`\n${readFileSync(logFile, 'utf8').trimEnd()}\n`);
  return code;
}

/** Why this suite is not run; undefined where it is. */
async function whyNot(suite) {
  if (Number.parseInt(process.versions.node, 10) >= (suite.coveredFrom ?? Infinity)) return { covered: true, said: `covered: all suites run on Node ${process.versions.node}` };
  if (suite.command === undefined && !suite.projects.every(hasTests)) return { said: 'it has no tests' };
  const found = await Promise.all(suite.needs.map((tool) => obtained.get(tool)));
  const reasons = found.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  return reasons.length > 0 ? { said: reasons.join(' ') } : undefined;
}

async function runSuites(group, cluster) {
  const run = [];
  for (const suite of group) {
    const reason = await whyNot(suite);
    if (reason === undefined) run.push(suite);
    else if (reason.covered === true) record(suite.name, reason.said);
    else if (!interrupted) skip(suite.name, reason.said);
  }
  if (run.length === 0 || interrupted) return;

  const [first] = run;
  const startedAt = Date.now();
  const reportFile = path.join(folder, `${first.name}.json`);
  const code = await output(run, reportFile, { env: { ...inFolder, ...(first.postgres ? (await cluster).env : {}), ...first.env }, ...(first.node === undefined ? {} : { node: settledTools.get(first.node).path }) });
  const took = `${Math.round((Date.now() - startedAt) / 1000)} s${run.length > 1 ? ` together with ${namesOf(run.slice(1))}` : ''}`;
  if (interrupted) {
    for (const suite of run) record(suite.name, `interrupted after ${took}`);
    return;
  }
  const counts = first.command === undefined ? countsIn(reportFile, code, run.map((suite) => suite.projects)) : [{ passed: 0, failed: code === 0 ? 0 : 1, skipped: 0 }];
  for (const [index, suite] of run.entries()) {
    const { passed: good, failed: bad, skipped } = counts[index];
    passed += good;
    failed += bad + (isCi ? skipped : 0);
    const said = suite.command !== undefined ? (code === 0 ? 'clean' : 'failed') : `${good} passed, ${bad} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    record(suite.name, index === 0 ? `${said} (${took})` : said);
  }
}

/** The lane's next run whose tools are there, else one from the other's end, else the next that must wait for its tools. */
function takeNext(own, other) {
  const canStart = (run) => run.every((suite) => suite.needs.every((tool) => settledTools.has(tool)));
  const run = own.find(canStart) ?? other.findLast(canStart) ?? own[0] ?? other.at(-1);
  for (const lane of [own, other]) if (lane.includes(run)) lane.splice(lane.indexOf(run), 1);
  return run;
}

async function runLane(own, other, cluster) {
  for (let run = takeNext(own, other); run !== undefined && !interrupted; run = takeNext(own, other)) {
    try {
      await runSuites(run, cluster);
    } catch (error) {
      failed += 1;
      record(run[0].name, `failed: it could not be run (${error.message})`);
    }
  }
}

const obtained = obtain(tools.filter((tool) => chosen.some((suite) => suite.needs.includes(tool))));
const cluster = startCluster();
const [first, second] = waiting;
// What was obtained before is found within seconds: the lane that needs it does not begin with something else.
const toolsFound = Promise.race([Promise.all(obtained.values()), delay(foundWithinMs, undefined, { ref: false })]);
await Promise.all([runLane(first, second, cluster), toolsFound.then(() => runLane(second, first, cluster))]);
for (const name of unnamedSuites()) {
  rows.set(name, 'failed: test/ has this folder, but no suite runs it');
  failed += 1;
}
await (await cluster).stop();
await Promise.all(obtained.values());
rmSync(folder, { recursive: true, force: true });

say('\nSummary');
for (const [name, said] of rows) say(`  ${name.padEnd(12)} ${said}`);
const skips = [...rows.values()].some((said) => said.includes('skipped'));
if (isCi && skips) say('  CI allows no skip: each counts as failed.');
if (interrupted) failed += [...rows.values()].filter((said) => said.startsWith('interrupted') || said === 'not run').length;
process.exitCode = interrupted ? 130 : failed === 0 ? 0 : 1;
say(`\n${passed} passed, ${failed} failed`);
