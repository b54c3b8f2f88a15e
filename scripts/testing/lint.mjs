import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../ensure-packages.mjs';

/**
 * ESLint over everything, unless nothing has changed since it was last clean. Its own cache goes by single files, but a
 * rule that knows types can find fault with a file because another one changed: so it is all or nothing here.
 */
const remembered = path.join(root, 'node_modules', '.cache', 'carethread', 'lint-clean');
const ignored = ['node_modules', '.git', 'dist', '.data', 'coverage'];

function contentHash() {
  const hash = createHash('sha256').update(process.version).update(readFileSync(path.join(root, 'node_modules', '.package-lock.json')));
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1))) {
      const place = path.join(folder, entry.name);
      if (entry.isDirectory() && !ignored.includes(entry.name)) visit(place);
      if (entry.isFile() && /\.([cm]?[jt]s|json)$/.test(entry.name)) hash.update(`${path.relative(root, place)}\0`).update(readFileSync(place)).update('\0');
    }
  };
  visit(root);
  return hash.digest('hex');
}

function lastClean() {
  try {
    return readFileSync(remembered, 'utf8');
  } catch {
    return undefined;
  }
}

const current = contentHash();
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
