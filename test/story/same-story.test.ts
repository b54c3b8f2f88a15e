import fc from 'fast-check';
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { planSchema } from '../../domain/plan/format.ts';
import { validatePlan } from '../../domain/plan/validate.ts';
import { rehearse } from '../../domain/rehearsal/rehearse.ts';
import type { Assumptions } from '../../domain/rehearsal/types.ts';
import * as workflows from '../../workflows/index.ts';
import { assumptionsFor } from './assumptions.ts';
import { asText, lineKinds, linesOfRehearsal } from './lines.ts';
import { plans } from './plans.ts';
import type { DrawnPlan } from './plans.ts';
import { carryOut } from './real-run.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';
import { wordsIn, wordsOfLanguage } from './words.ts';
import { shippedContent } from '../support/content.ts';

vi.mock('@temporalio/workflow', () => import('./threads-double.ts'));

/** Each is carried out on real servers, so `npm test` plays few: `STORY_PLANS=400 PROPERTY_SEED=random npx vitest run --project story` explores. */
const runs = Number(process.env['STORY_PLANS'] ?? 40);
const seed = fc.readConfigureGlobal().seed ?? randomInt(2 ** 31);
const drawn: [DrawnPlan, Assumptions][] = fc.sample(plans.chain((plan) => fc.tuple(fc.constant(plan), assumptionsFor(plan))), { numRuns: runs, seed });

const content = shippedContent();
/** As the stage's settings have it. */
const said = { ...content, hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };

let stage: Stage;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
  vi.useRealTimers();
});

test.each(drawn.map(([plan, assumed], index) => [index, plan, assumed] as const))(`plan %i of seed ${seed} is told alike by its rehearsal and by the product`, async (index, plan, assumed) => {
  const source = { ...plan, id: `drawn-${index}` };
  expect(validatePlan(JSON.stringify(source), content)).toMatchObject({ ok: true });

  const carriedOut = await carryOut(stage, workflows, source, assumed);
  const rehearsed = rehearse(planSchema.parse(source), said, { ...assumed, seed: carriedOut.enrolmentId });

  expect(asText(carriedOut.lines)).toEqual(asText(linesOfRehearsal(rehearsed)));
});

test('the plans drawn use every word of the language', () => {
  const known = wordsOfLanguage();

  const counts = coverage(known, drawn.map(([plan]) => wordsIn(plan, known)));

  console.log([`Words of the plan language in ${drawn.length} plans:`, ...counts.map(([word, count]) => `  ${String(count).padStart(3)}  ${word}`)].join('\n'));
  expect(counts.filter(([, count]) => count === 0).map(([word]) => word)).toEqual([]);
});

test('the stories told have every kind of line that is compared', () => {
  const stories = drawn.map(([plan, assumed]) => linesOfRehearsal(rehearse(planSchema.parse(plan), said, assumed)));

  const counts = coverage(new Set(lineKinds), stories.map((lines) => new Set(lines.map(([kind]) => kind))));

  console.log([`Lines of ${drawn.length} stories, by how many have such:`, ...counts.map(([kind, count]) => `  ${String(count).padStart(3)}  ${kind}`)].join('\n'));
  expect(counts.filter(([, count]) => count === 0).map(([kind]) => kind)).toEqual([]);
});

/** In how many of the sets each of the names is. */
function coverage(names: ReadonlySet<string>, sets: readonly ReadonlySet<string>[]): [string, number][] {
  return [...names].sort().map((name) => [name, sets.filter((set) => set.has(name)).length]);
}
