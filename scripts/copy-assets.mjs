import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** After `tsc`: puts what is no TypeScript, but is read at run time, beside the compiled files: migrations and content. */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const assets = ['store/migrations', 'store/migrations-keys', 'templates'];
for (const asset of assets) {
  const from = path.join(root, asset);
  if (!existsSync(from)) throw new Error(`${asset} is missing: the build cannot be whole.`);
  cpSync(from, path.join(root, 'dist', asset), { recursive: true });
}
