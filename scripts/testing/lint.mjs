import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { contentHash } from '../content-hash.mjs';
import { root } from '../ensure-packages.mjs';

/**
 * ESLint over everything, unless nothing has changed since it was last clean. Its own cache goes by single files, but a
 * rule that knows types can find fault with a file because another one changed: so it is all or nothing here.
 */
const remembered = path.join(root, 'node_modules', '.cache', 'carethread', 'lint-clean');

function lastClean() {
  try {
    return readFileSync(remembered, 'utf8');
  } catch {
    return undefined;
  }
}

const current = contentHash(/\.([cm]?[jt]s|json)$/, readFileSync(path.join(root, 'node_modules', '.package-lock.json')));
if (current === lastClean()) {
  process.stdout.write('Nothing has changed since lint was last clean.\n');
} else {
  const { status } = spawnSync(process.execPath, ['node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'], { cwd: root, stdio: 'inherit' });
  process.exitCode = status ?? 1;
  if (status === 0) {
    mkdirSync(path.dirname(remembered), { recursive: true });
    writeFileSync(remembered, current);
  }
}
