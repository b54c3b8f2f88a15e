import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** The system's place for caches of a user: what is obtained once serves every checkout. */
function cacheRoot(): string {
  const { XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = process.env;
  if (xdg !== undefined && path.isAbsolute(xdg)) return xdg;
  if (process.platform === 'darwin') return path.join(homedir(), 'Library', 'Caches');
  if (process.platform === 'win32') return local ?? path.join(homedir(), 'AppData', 'Local');
  return path.join(homedir(), '.cache');
}

/** Folder of one thing in one version, e.g. `temporal-cli-1.5.1`. Not made by asking for it. */
export function cacheFolder(name: string): string {
  return path.join(cacheRoot(), 'carethread', name);
}

/** Like {@link cacheFolder}, and made. */
export async function makeCacheFolder(name: string): Promise<string> {
  const folder = cacheFolder(name);
  await mkdir(folder, { recursive: true });
  return folder;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The program of this name on the PATH, else undefined. */
export function findOnPath(name: string): string | undefined {
  const names = process.platform === 'win32' ? [`${name}.exe`, `${name}.cmd`] : [name];
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return folders.flatMap((folder) => names.map((file) => path.join(folder, file))).find(isExecutable);
}

/** An executable in a cache folder: the named one, or, unnamed, whichever is there. */
export function findInCache(folder: string, name?: string): string | undefined {
  try {
    const candidates = name === undefined ? readdirSync(folder).sort() : [process.platform === 'win32' ? `${name}.exe` : name];
    return candidates.map((file) => path.join(folder, file)).find(isExecutable);
  } catch {
    return undefined;
  }
}
