import { randomUUID } from 'node:crypto';
import { guessStepMap } from '../../domain/migration/step-map.ts';
import type { MigrationChoice, StepMap } from '../../domain/migration/types.ts';
import type { Plan } from '../../domain/plan/format.ts';
import { enrolledIn } from '../../store/enrolled.ts';
import { createGate } from '../../store/gate.ts';
import { lookAt } from '../../store/plan-migrations.ts';
import type { EnrolmentLook } from '../../store/plan-migrations.ts';
import type { CareWorld } from './care-world.ts';

export interface Ordering {
  from: Plan;
  to: Plan;
  /** The guess, unless told. */
  stepMap?: StepMap;
  choice?: MigrationChoice;
}

export interface Orderer {
  personId: string;
  token: string;
}

/** What the API's preview looks at. */
export async function lookAtEnrolled(world: CareWorld, { personId }: Orderer, { from, to, stepMap, choice = 'move' }: Ordering): Promise<EnrolmentLook[]> {
  const looks: EnrolmentLook[] = [];
  const frame = { from, to, stepMap: stepMap ?? guessStepMap(from, to), by: `person/${personId}`, why: 'new-guideline' };
  for await (const portion of enrolledIn(world.api, from)) looks.push(...portion.map((each) => lookAt(frame, each, world.clock.now.toISOString(), () => choice)));
  return looks;
}

/** What the API does of an order: looks, asks for the right, and keeps a row for each. Answers with its id. */
export async function orderMoves(world: CareWorld, orderer: Orderer, ordering: Ordering): Promise<string> {
  const looks = await lookAtEnrolled(world, orderer, ordering);
  const { from, to, stepMap } = ordering;
  const gate = createGate(world.api);
  const secret = await gate.openEnrolled({ token: orderer.token, action: 'order-migration', planId: from.id, version: from.version });
  await gate.demand(secret);
  const migrationId = randomUUID();
  const rows = looks.map(({ enrolmentId, group, choice, shape, revision, result, reason }) => ({ enrolmentId, group, choice, expected: shape, revision, reason, status: result === 'kept' || result === 'refused' ? result : ('pending' as const) }));
  await gate.orderMigration(secret, { migrationId, to: to.version, stepMap: stepMap ?? guessStepMap(from, to), why: 'new-guideline', now: world.clock.now.toISOString(), rows });
  return migrationId;
}
