import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { root } from './ensure-packages.mjs';

const notOurs = ['node_modules', '.git', 'dist', '.data', 'coverage'];

/**
 * What the checkout's own files hold, by their names and bytes.
 *
 * @param files which of them count, by a file's name
 * @param besides what else the result depends on, such as the versions of packages
 */
export function contentHash(files, ...besides) {
  const hash = createHash('sha256').update(process.version);
  for (const each of besides) hash.update(each);
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1))) {
      const place = path.join(folder, entry.name);
      if (entry.isDirectory() && !notOurs.includes(entry.name)) visit(place);
      else if (entry.isFile() && files.test(entry.name)) hash.update(`${path.relative(root, place)}\0`).update(readFileSync(place)).update('\0');
    }
  };
  visit(root);
  return hash.digest('hex');
}
