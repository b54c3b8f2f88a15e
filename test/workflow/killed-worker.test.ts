import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../worker/bundle.ts';
import { useDevServer } from '../support/temporal.ts';
import { openTheatre } from './kills/play.ts';
import type { Theatre } from './kills/play.ts';
import { scenes } from './kills/scenes.ts';
import type { Scene } from './kills/scenes.ts';

const server = useDevServer();
let folder: string;
let bundleFile: string;

/** Most of it is starting a process for each that was killed; where others work too, that may take long. */
const longMs = 600_000;

/** Worker and server of a scene of its own, so that scenes run side by side. */
async function onTheatre<Result>(scene: Scene, name: string, act: (theatre: Theatre) => Promise<Result>): Promise<Result> {
  const theatre = await openTheatre({ address: server().address, namespace: name, queues: scene.queues, bundleFile });
  try {
    return await act(theatre);
  } finally {
    await theatre.close();
  }
}

const unsafe = scenes.filter((scene) => scene.type === 'recordedCall').map((scene) => ({ scene, name: 'unsafe' }));
const namespaces = [...scenes.map((scene) => scene.type), ...unsafe.map(({ name }) => name)];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-killed-'));
  bundleFile = path.join(folder, 'workflows.js');
  await writeFile(bundleFile, (await workflowBundle()).code);
  const connection = await Connection.connect({ address: server().address });
  const { workflowService } = connection;
  for (const namespace of namespaces) await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: 86_400 as never } });
  await connection.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.concurrent('a worker that is killed at any await', () => {
  it.each(scenes)('changes nothing in what a $type does, nor does it twice', (scene) =>
    onTheatre(scene, scene.type, async (theatre) => {
      const undisturbed = await theatre.play(scene);
      const killed = await theatre.playKilled(scene, undisturbed.moments);
      const lives = undisturbed.moments.map((moment, index) => ({ moment, life: killed[index] }));

      expect(undisturbed.moments.map((moment) => moment.replace(/ \d+$/, ''))).toEqual(expect.arrayContaining([...scene.awaits]));
      expect(new Set(undisturbed.effects).size).toBe(undisturbed.effects.length);
      expect(lives.map(({ moment, life }) => ({ moment, effects: life?.effects, state: life?.state }))).toEqual(undisturbed.moments.map((moment) => ({ moment, effects: undisturbed.effects, state: undisturbed.state })));
      // How often an await comes depends on how fast the machine is: a later one of its kind may not come again. The first always does.
      expect(lives.filter(({ moment, life }) => life?.killed === false && moment.endsWith(' 1')).map(({ moment }) => moment)).toEqual([]);
    }), longMs);

  it.each(unsafe)('is noticed where something is not safe to run again', ({ scene, name }) =>
    onTheatre(scene, name, async (theatre) => {
      const placesAgain: Parameters<Theatre['play']>[1] = (care) => ({
        placeCall: (callId) => {
          if (care.log.includes(`place ${callId}`)) care.log.push(`place ${callId}`);
          return care.activities.placeCall(callId);
        },
      });

      const undisturbed = await theatre.play(scene, placesAgain);
      const [killed] = await theatre.playKilled(scene, ['after placeCall 1'], placesAgain);

      expect(undisturbed.effects.filter((effect) => effect.startsWith('place'))).toHaveLength(1);
      expect(killed?.effects.filter((effect) => effect.startsWith('place'))).toHaveLength(2);
    }), longMs);
});
