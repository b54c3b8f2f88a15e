import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { contentHash } from '../content-hash.mjs';
import { root } from '../ensure-packages.mjs';

/**
 * `node scripts/testing/unless-clean.mjs lint|types`: runs it over everything, unless nothing has changed since it was last clean.
 * Their own caches go by single files, but a rule that knows types can find fault with a file because another one changed: so it
 * is all or nothing here.
 */
const checks = {
  lint: ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'],
  types: ['node_modules/typescript/bin/tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', 'node_modules/.cache/carethread/types.tsbuildinfo'],
};
const [name] = process.argv.slice(2);
const command = checks[name];
const remembered = path.join(root, 'node_modules', '.cache', 'carethread', `${name}-clean`);

function lastClean() {
  try {
    return readFileSync(remembered, 'utf8');
  } catch {
    return undefined;
  }
}

const current = contentHash(/\.([cm]?[jt]sx?|json)$/, readFileSync(path.join(root, 'node_modules', '.package-lock.json')), command.join(' '));
if (current === lastClean()) {
  process.stdout.write(`Nothing has changed since ${name} was last clean.\n`);
} else {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
  if (status === 0) {
    mkdirSync(path.dirname(remembered), { recursive: true });
    writeFileSync(remembered, current);
  }
}
