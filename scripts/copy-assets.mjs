import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** After `tsc`: puts what is no TypeScript, but is read at run time, beside the compiled files: migrations and content. Into `dist`, or the folder that is named. */
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.resolve(root, process.argv[2] ?? 'dist');
const assets = ['store/migrations', 'store/migrations-keys', 'templates'];
for (const asset of assets) {
  const from = path.join(root, asset);
  if (!existsSync(from)) throw new Error(`${asset} is missing: the build cannot be whole.`);
  cpSync(from, path.join(dist, asset), { recursive: true });
}
