import { readFileSync } from 'node:fs';

/** Tests passed, failed and skipped by vitest's report; a run that ended ill without a failed test counts as one failed. */
export function countsIn(reportFile, code) {
  try {
    const report = JSON.parse(readFileSync(reportFile, 'utf8'));
    // A file that does not even load holds no failed test, and is a failure all the same.
    const unloaded = report.testResults.filter((result) => result.status === 'failed' && !result.assertionResults.some((test) => test.status === 'failed'));
    const failed = report.numFailedTests + unloaded.length;
    return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed, skipped: report.numPendingTests + report.numTodoTests };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
