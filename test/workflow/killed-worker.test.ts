import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../worker/bundle.ts';
import { useDevServer } from '../support/temporal.ts';
import { openTheatre } from './kills/play.ts';
import type { Part, Played } from './kills/play.ts';
import { scenes } from './kills/scenes.ts';

const server = useDevServer();

/** Places a call as often as it is asked. */
const placesAgain: Part['unsafe'] = (care) => ({
  placeCall: (callId) => {
    if (care.log.includes(`place ${callId}`)) care.log.push(`place ${callId}`);
    return care.activities.placeCall(callId);
  },
});

interface Lives {
  part: Part;
  undisturbed: Played;
  /** For each moment of the undisturbed life: one whose worker was killed there. */
  killed: (Played & { moment: string })[];
}

let lives: Lives[];
const livesOf = (type: string, isUnsafe = false): Lives => {
  const found = lives.find(({ part }) => part.scene.type === type && (part.unsafe !== undefined) === isUnsafe);
  if (found === undefined) throw new Error(`No ${type} was played.`);
  return found;
};

/** All lives and one death serve all tests. Where others work too it may take long: a server learns of a death by time-outs alone. */
beforeAll(async () => {
  const parts: Part[] = scenes.flatMap((scene) => [{ scene }, ...(scene.type === 'recordedCall' ? [{ scene, unsafe: placesAgain }] : [])]);
  const folder = await mkdtemp(path.join(tmpdir(), 'carethread-killed-'));
  const bundleFile = path.join(folder, 'workflows.js');
  await writeFile(bundleFile, (await workflowBundle()).code);
  const theatre = await openTheatre({ address: server().address, bundleFile });
  try {
    const undisturbed = await theatre.play(parts);
    const dying = undisturbed.flatMap(({ part, moments }) => moments.map((moment) => ({ ...part, moment })));
    const played = await theatre.playKilled(dying);
    lives = undisturbed.map((life) => ({ part: life.part, undisturbed: life, killed: played.filter(({ part: { scene, unsafe } }) => scene === life.part.scene && unsafe === life.part.unsafe) }));
  } finally {
    await theatre.close();
    await rm(folder, { recursive: true });
  }
}, 600_000);

describe('a worker that is killed at any await', () => {
  it.each(scenes)('changes nothing in what a $type does, nor does it twice', ({ type, awaits }) => {
    const { undisturbed, killed } = livesOf(type);

    expect(undisturbed.moments.map((moment) => moment.replace(/ \d+$/, ''))).toEqual(expect.arrayContaining([...awaits]));
    expect(new Set(undisturbed.effects).size).toBe(undisturbed.effects.length);
    expect(killed.map(({ moment, effects, state }) => ({ moment, effects, state }))).toEqual(undisturbed.moments.map((moment) => ({ moment, effects: undisturbed.effects, state: undisturbed.state })));
    // How often an await comes depends on how fast the machine is: a later one of its kind may not come again. The first always does.
    expect(killed.filter(({ moment, wasKilled }) => !wasKilled && moment.endsWith(' 1')).map(({ moment }) => moment)).toEqual([]);
  });

  it('is noticed where something is not safe to run again', () => {
    const { undisturbed, killed } = livesOf('recordedCall', true);
    const placed = ({ effects }: Played): number => effects.filter((effect) => effect.startsWith('place')).length;

    expect(placed(undisturbed)).toBe(1);
    expect(killed.filter((life) => placed(life) === 2).map(({ moment }) => moment)).toEqual(['after placeCall 1']);
  });
});
