import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts processor time in hundredths of a second, whatever the kernel's own clock. */
const msPerTick = 10;

/** CPU that each process has used so far, with its children, in milliseconds; empty where there is no /proc. */
export function cpuMsOf(pids: Readonly<Record<string, number | undefined>>): Record<string, number> {
  if (process.platform !== 'linux') return {};
  return Object.fromEntries(Object.entries(pids).flatMap(([name, pid]) => (pid === undefined ? [] : [[name, ticksOf(pid) * msPerTick]])));
}

export function cpuBetween(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
}

/** Its own, that of children already ended, and that of those alive: a Postgres backend is a child of the server. */
function ticksOf(pid: number): number {
  try {
    // The name in brackets may hold blanks: fields are counted after it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    const own = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return own + childrenOf(pid).reduce((sum, child) => sum + ticksOf(child), 0);
  } catch {
    // Ended between the look at the folder and this one: its parent has its time by now.
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number));
}
