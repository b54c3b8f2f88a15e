import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import type { Report } from '../../sandbox/showcase/report.ts';

export interface DemoRun {
  code: number | null;
  report: Report;
}

export interface DemoOptions {
  flags?: readonly string[];
  /** Called with the address at which parts of the demo's world can be killed, once the showcase begins. */
  onControl?: (control: string) => void;
  /** Called with each line that the demo says meanwhile. */
  onLine?: (line: string) => void;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs `npm run demo -- --json` as a process of its own, which ends by itself with everything that it started. */
export async function runDemo({ flags = [], onControl, onLine }: DemoOptions = {}): Promise<DemoRun> {
  const child = spawn(process.execPath, ['scripts/demo.mjs', '--json', '--control', ...flags], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (line.startsWith('{"control"')) onControl?.((JSON.parse(line) as { control: string }).control);
    else onLine?.(line);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [output, code] = await Promise.all([text(child.stdout), ended]);
  if (output === '') throw new Error(`The demo gave no report:\n${said.slice(-12).join('\n')}`);
  return { code, report: JSON.parse(output) as Report };
}
