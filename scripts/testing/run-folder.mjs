import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import path from 'node:path';

/** Linux's file system in memory. A container's is often a few megabytes only. */
const shared = '/dev/shm';
const tmpfsMagic = 0x01021994;
/** Twice what a whole run has in it at most. */
const neededBytes = 1024 ** 3;
const prefix = 'carethread-tests-';

/**
 * Where the suites of a run keep their databases, histories and browsers' profiles: in memory where it has room, since the 200 databases of a
 * run are some hundred thousand files, which cost an eighth of its CPU on a disk. Else where the system keeps temporary files. To be removed by the caller.
 */
export function makeRunFolder() {
  const parent = hasRoom() ? shared : tmpdir();
  if (parent === shared) for (const name of readdirSync(shared)) if (isLeftBehind(name)) rmSync(path.join(shared, name), { recursive: true, force: true });
  const folder = mkdtempSync(path.join(parent, `${prefix}${process.pid}-`));
  // Postgres, which does not run as root, comes through here to its own folder.
  chmodSync(folder, 0o711);
  return folder;
}

function hasRoom() {
  try {
    const { type, bavail, bsize } = statfsSync(shared);
    return type === tmpfsMagic && bavail * bsize > neededBytes && freemem() > neededBytes;
  } catch {
    return false;
  }
}

/** The folder of a run that was killed: it would take memory until the machine is started anew. */
function isLeftBehind(name) {
  const [, owner] = new RegExp(`^${prefix}(\\d+)-`).exec(name) ?? [];
  if (owner === undefined) return false;
  try {
    process.kill(Number(owner), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
