import { execFile } from 'node:child_process';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';

const cache = path.resolve('node_modules/.cache/carethread/run');
const prefix = 'domain-codes-ts.';
const made = (): string[] => readdirSync(cache).filter((name) => name.startsWith(prefix));
const run = () => promisify(execFile)(process.execPath, ['scripts/run.mjs', 'domain/codes.ts']);

afterEach(() => {
  for (const name of made()) rmSync(path.join(cache, name));
});

it('a process that makes a script leaves alone what others have made of the same sources, and takes away what was made of older ones', async () => {
  await run();
  const [script] = made();
  if (script === undefined) throw new Error('No script was made.');
  const draft = `${script}.of-another-process`;
  renameSync(path.join(cache, script), path.join(cache, draft));
  writeFileSync(path.join(cache, `${prefix}older.mjs`), '');

  await run();

  expect(made().sort()).toEqual([script, draft]);
});
