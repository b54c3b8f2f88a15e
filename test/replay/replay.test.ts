import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { temporal } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { sealedEncoding } from '../../temporal/codec.ts';
import { workflowBundle } from '../../worker/bundle.ts';
import { testDataConverter } from '../workflow/stage.ts';
import { scenes } from './scenes.ts';

const root = path.join(import.meta.dirname, 'histories');
const { version } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string };
const recorded = readdirSync(root).flatMap((release) => readdirSync(path.join(root, release)).map((file) => ({ release, file, text: readFileSync(path.join(root, release, file), 'utf8') })));

function historyIn(text: string): temporal.api.history.v1.History {
  return temporal.api.history.v1.History.decode(Buffer.from((JSON.parse(text) as { history: string }).history, 'base64'));
}

async function faultsOf(bundle: { code: string }): Promise<Record<string, string>> {
  const histories = recorded.map(({ release, file, text }) => ({ workflowId: `${release}/${file}`, history: historyIn(text) }));
  const faults: Record<string, string> = {};
  for await (const result of Worker.runReplayHistories({ workflowBundle: bundle, dataConverter: testDataConverter }, histories)) {
    if (result.error !== undefined) faults[result.workflowId] = result.error.name;
  }
  return faults;
}

describe('histories recorded by each release', () => {
  let current: { code: string };
  beforeAll(async () => {
    current = await workflowBundle();
  });

  it('include every scene of this release (node scripts/run.mjs test/replay/record.ts)', () => {
    expect(recorded.filter(({ release }) => release === version).map(({ file }) => file)).toEqual(expect.arrayContaining(scenes.map(({ name }) => `${name}.json`)));
  });

  it('replay on the threads as they are now', async () => {
    expect(await faultsOf(current)).toEqual({});
  });

  it('fail on threads that were changed carelessly, every one of them', async () => {
    const changed = await workflowBundle({ workflowsPath: path.join(import.meta.dirname, 'changed/index.ts') });

    const faults = await faultsOf(changed);

    expect(Object.keys(faults).sort()).toEqual(recorded.map(({ release, file }) => `${release}/${file}`).sort());
    expect(new Set(Object.values(faults))).toEqual(new Set(['DeterminismViolationError']));
  });

  it('hold only sealed payloads', () => {
    for (const { text } of recorded) {
      const [...encodings] = JSON.stringify(historyIn(text).toJSON()).matchAll(/"encoding":"([^"]+)"/g);
      const names = encodings.map((match) => Buffer.from(match[1] ?? '', 'base64').toString());

      expect(names.length).toBeGreaterThan(0);
      expect(new Set(names)).toEqual(new Set([sealedEncoding]));
    }
  });
});
