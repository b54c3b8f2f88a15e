import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSupervisor } from '../../sandbox/processes.ts';
import type { Supervisor } from '../../sandbox/processes.ts';

const clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of clean.splice(0).reverse()) await step();
});

/** A program that reports each start and end by a request, so that the test awaits events, not time. */
const program = `
const report = (what) => fetch(process.env.REPORT_TO, { method: 'POST', body: process.env.NAME + ' ' + what + ' ' + process.pid });
process.on('SIGTERM', () => report('ended').then(() => process.exit(0)));
setInterval(() => {}, 1000);
console.log('a line for the log');
report('began');
`;

let folder: string;
let listener: Server;
let reports: string[];
let onReport: () => void;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-processes-'));
  clean.push(() => rm(folder, { recursive: true, force: true }));
  await writeFile(path.join(folder, 'program.mjs'), program);
  reports = [];
  onReport = () => undefined;
  listener = createServer((request, response) => {
    void text(request).then((body) => {
      reports.push(body);
      response.end();
      onReport();
    });
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  clean.push(async () => {
    listener.closeAllConnections();
    await new Promise((resolve) => listener.close(resolve));
  });
});

async function reported(what: string, times = 1): Promise<void> {
  while (reports.filter((report) => report.startsWith(what)).length < times) {
    await new Promise<void>((resolve) => {
      onReport = resolve;
    });
  }
}

function environmentOf(name: string): Record<string, string> {
  const address = listener.address();
  return { NAME: name, REPORT_TO: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}` };
}

function supervisor(): Supervisor {
  const made = createSupervisor({ logDir: folder, say: () => undefined });
  clean.push(() => made.stopAll());
  return made;
}

const specOf = (name: string): Parameters<Supervisor['start']>[0] => ({ name, nodeArguments: ['program.mjs'], env: environmentOf(name), cwd: folder });

describe('the supervisor', () => {
  it('starts a process again that was killed, as another process', async () => {
    const worker = await supervisor().start(specOf('worker'));
    await reported('worker began');

    worker.kill9();
    await reported('worker began', 2);

    expect(worker.restarts).toBe(1);
    expect(reports.at(-1)).toBe(`worker began ${String(worker.pid)}`);
    expect(await readFile(worker.logFile, 'utf8')).toContain('a line for the log');
  });

  it('ends all in reverse order, once, and starts nothing again', async () => {
    const all = supervisor();
    const ended: string[] = [];
    all.onStop('database', () => Promise.resolve(void ended.push('database')));
    const first = await all.start(specOf('first'));
    const second = await all.start(specOf('second'));
    await reported('first began');
    await reported('second began');

    await Promise.all([all.stopAll(), all.stopAll(), all.stopped]);

    expect(reports.filter((report) => report.includes('ended')).map((report) => report.split(' ')[0])).toEqual(['second', 'first']);
    expect(ended).toEqual(['database']);
    expect([first.pid, second.pid, first.restarts]).toEqual([undefined, undefined, 0]);
    await expect(all.start(specOf('late'))).rejects.toThrow('being stopped');
  });

  it('leaves no process when it is killed itself', async () => {
    const script = `import { createSupervisor } from ${JSON.stringify(new URL('../../sandbox/processes.ts', import.meta.url).href)};
      await createSupervisor({ logDir: ${JSON.stringify(folder)}, say: () => undefined }).start(${JSON.stringify(specOf('orphan'))});
      process.stdout.write('started\\n');`;
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface({ input: parent.stdout }), 'line');
    await reported('orphan began');

    parent.kill('SIGKILL');

    await reported('orphan ended');
    expect(reports).toHaveLength(2);
  });
});
