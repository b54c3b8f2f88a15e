import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.mjs';
import { ensureNode, ensurePackages, root } from './ensure-packages.mjs';

/**
 * `node scripts/run.mjs worker/main.ts [arguments]`: runs a TypeScript file of ours in this very process, so that
 * signals and exit codes are its own. Paths are those in the checkout, wherever this is called.
 */
const [file, ...rest] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('Say which file to run, e.g. node scripts/run.mjs worker/main.ts\n');
  process.exit(2);
}
ensureNode();
ensurePackages();
const script = path.resolve(root, file);
process.setSourceMapsEnabled(true);
process.argv.splice(1, process.argv.length, script, ...rest);
await import(pathToFileURL(await bundle(path.relative(root, script))).href);
