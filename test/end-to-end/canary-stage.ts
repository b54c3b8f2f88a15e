import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { signInActors } from '../../sandbox/showcase/people.ts';
import { phonesAt } from '../../sandbox/showcase/phones.ts';
import { enter } from '../../sandbox/showcase/scene.ts';
import type { Patient, Person, Scene, Stage } from '../../sandbox/showcase/scene.ts';
import { zoneWhereItIs } from '../../sandbox/showcase/zones.ts';
import type { World } from '../../sandbox/world.ts';
import type { Canaries } from './canaries.ts';

/** A plan of the showcase, whose patients have a canary in all that is asked of them. */
export interface CanaryStage extends Stage {
  canaries: Canaries;
  /** A patient on one of the plans, each with a phone of its own, by its last two digits. */
  enter(id: string, plan: string, phone: string, more?: Partial<Pick<Patient, 'consents' | 'manner'>> & { person?: Partial<Person> }): Promise<Scene>;
}

export async function setCanaryStage(world: World, canaries: Canaries, plans: readonly string[]): Promise<CanaryStage> {
  const now = new Date();
  const { mark, texts } = canaries;
  const actors = await signInActors(world.urls, world.secrets.staff);
  for (const plan of plans) await actors.coordinator.publish(plan);
  const zones = { day: zoneWhereItIs(13, now), night: zoneWhereItIs(2, now) };
  const stage: Stage = { actors, endedEnrolments: () => Promise.resolve(new Set()), phones: phonesAt(world.urls.phones), zones, numberPrefix: `+1${texts.phone}`, run: mark };
  return {
    ...stage,
    canaries,
    enter: (id, plan, phone, { person = {}, ...more } = {}) =>
      enter(stage, { id, person: { name: texts.name, birthDate: texts.birthDate, note: texts.note, sex: 'female', language: 'en', zone: 'day', phone, ...person }, consents: ['sms', 'voice'], plan, checks: () => [], ...more }),
  };
}

export async function showcasePlan(id: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../templates/plans/${id}.yaml`, import.meta.url)), 'utf8');
}

/** Looks again until it holds; it happens in other processes. */
export async function becomes(what: string, look: () => Promise<boolean>, withinMs = 240_000): Promise<void> {
  const endsAt = Date.now() + withinMs;
  while (!(await look())) {
    if (Date.now() > endsAt) throw new Error(`It never came to this: ${what}.`);
    await delay(300);
  }
}
