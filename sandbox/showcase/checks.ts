import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Evidence, Patient } from './scene.ts';

/** One thing that must hold, by a name that stays. */
export interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The patient's own checks as one: it names what does not hold, or what held. */
export function checkOfPatient(patient: Patient, seen: Evidence | Error): Check {
  if (seen instanceof Error) return { name: patient.id, ok: false, detail: seen.message };
  const results = patient.checks(seen);
  const failed = results.filter((result) => result.fault !== null);
  return { name: patient.id, ok: failed.length === 0, detail: failed.length === 0 ? results.map((result) => result.name).join('; ') : failed.map(({ name, fault }) => `${name}: ${fault ?? ''}`).join('; ') };
}

/** Every attempt of ours reached the phones once: its id rides in the address that the provider reports to. */
export function checkDuplicates(all: readonly Evidence[]): Check {
  const bySid = new Map(all.flatMap((seen) => [...seen.texts, ...seen.calls]).map((one) => [one.sid, one.statusCallback]));
  const attempts = [...bySid.values()].flatMap((url) => (url === null ? [] : [new URL(url).searchParams.get('attempt')]));
  const twice = attempts.filter((attempt, index) => attempts.indexOf(attempt) !== index);
  return { name: 'no-duplicates', ok: attempts.length > 0 && twice.length === 0, detail: `${attempts.length} contacts at the phone network, ${twice.length} of them sent twice` };
}

/** Runs one of the product's commands as its operators do. It holds when the command ends with 0. */
export async function checkByCommand(name: string, script: string, flags: readonly string[], environment: Readonly<Record<string, string>>): Promise<Check> {
  try {
    const { stdout } = await run(process.execPath, ['scripts/run.mjs', script, ...flags], { cwd: root, env: { ...process.env, ...environment }, timeout: 120_000, windowsHide: true });
    return { name, ok: true, detail: lastLine(stdout) };
  } catch (error) {
    const said = error !== null && typeof error === 'object' ? ['stdout', 'stderr'].map((stream) => String(Reflect.get(error, stream) ?? '')).join('\n') : String(error);
    return { name, ok: false, detail: said.trim().split('\n').slice(-6).join(' | ') };
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
