import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../ensure-packages.mjs';

/**
 * Tests passed, failed and skipped by vitest's report, for each list of projects in their order. One of which nothing was run counts as
 * one failed; so does, for the first, a run that ended ill without a failed test, since nobody can tell whose fault that is.
 */
export function countsIn(reportFile, code, projects) {
  const results = resultsIn(reportFile);
  if (results === undefined) return projects.map(() => ({ passed: 0, failed: 1, skipped: 0 }));
  const counts = projects.map((names) => countsOf(results.filter(({ name }) => names.some((project) => path.relative(root, name).startsWith(path.join('test', project) + path.sep)))));
  if (code !== 0 && counts.every(({ failed }) => failed === 0)) counts[0].failed = 1;
  return counts;
}

function resultsIn(reportFile) {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8')).testResults;
  } catch {
    return undefined;
  }
}

function countsOf(results) {
  if (results.length === 0) return { passed: 0, failed: 1, skipped: 0 };
  const tests = results.flatMap((result) => result.assertionResults);
  const having = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;
  // A file that does not even load holds no failed test, and is a failure all the same.
  const unloaded = results.filter((result) => result.status === 'failed' && !result.assertionResults.some((test) => test.status === 'failed'));
  return { passed: having('passed'), failed: having('failed') + unloaded.length, skipped: having('pending', 'skipped', 'todo', 'disabled') };
}
