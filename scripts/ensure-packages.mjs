import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Folder of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url));

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * What package-lock.json names and node_modules lacks. npm notes in node_modules what it installed; contents are
 * compared, since dates say nothing after a checkout.
 */
function missingPackages() {
  const wanted = packagesIn('package-lock.json');
  if (wanted === undefined) throw new Error('package-lock.json is missing or broken. Check it out again.');
  const installed = packagesIn('node_modules/.package-lock.json') ?? {};
  return Object.entries(wanted)
    .filter(([name, entry]) => name !== '' && (installed[name] === undefined ? entry.optional !== true && entry.devOptional !== true && entry.peer !== true : installed[name].version !== entry.version))
    .map(([name]) => name);
}

/** Installs the packages where they are missing or of another version than package-lock.json says. */
export function ensurePackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  process.stdout.write(`Packages: installing with npm ci (about 520 MB in node_modules, ${missing.length} to get; no install scripts are run)\n`);
  // npm tells where it is when it started us; on Windows it is a script that only Node can run.
  const npm = process.env.npm_execpath;
  const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const installed =
    npm !== undefined && /npm-cli\.c?js$/.test(npm)
      ? spawnSync(process.execPath, [npm, ...flags], { cwd: root, stdio: 'inherit' })
      : spawnSync('npm', flags, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (installed.status !== 0) {
    process.stderr.write('Packages: npm ci failed. Check the network or the npm registry setting, then run this again.\n');
    process.exit(1);
  }
}

/** Says so and ends where this Node is too old. */
export function ensureNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 20)) return;
  process.stderr.write(`Node ${process.versions.node} is too old: install Node 20.20 or later (https://nodejs.org).\n`);
  process.exit(1);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  ensureNode();
  ensurePackages();
}
