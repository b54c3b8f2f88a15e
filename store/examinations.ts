import { randomUUID } from 'node:crypto';
import type { Values } from '../domain/conditions/scope.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import { conditionsOf, examine } from '../domain/migration/examine.ts';
import type { Examining } from '../domain/migration/examine.ts';
import { shapeOf } from '../domain/migration/look.ts';
import type { ToldLook } from '../domain/migration/look.ts';
import type { StepMap } from '../domain/migration/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Questionnaire } from '../domain/questionnaire/format.ts';
import type { Enrolled } from './enrolled.ts';
import { evolveAll } from './follow-ups.ts';
import { groupOf } from './plan-migrations.ts';

/** Two versions and how steps go on, with what is the same for everybody worked out once. */
export type ExaminationFrame = Pick<Examining, 'from' | 'to' | 'stepMap' | 'conditions'>;

export interface ExaminedEnrolment extends ToldLook {
  enrolmentId: string;
  patientId: string;
  /** A short name for its shape. */
  group: string;
  shape: string;
}

export function examinationOf({ from, to, stepMap }: { from: Plan; to: Plan; stepMap: StepMap }, questionnaires: Readonly<Record<string, Questionnaire>>): ExaminationFrame {
  return { from, to, stepMap, conditions: { from: conditionsOf(from, questionnaires), to: conditionsOf(to, questionnaires) } };
}

/** Examines one enrolment as its move would find it: what its thread was told and has not heard counts. */
export function examineOne(frame: ExaminationFrame, { row, unheard, inFlight }: Enrolled, facts: Values['facts'], now: Instant): ExaminedEnrolment {
  const { state } = evolveAll(row, unheard, now);
  const look = examine({ ...frame, choice: 'move', state, inFlight, now, by: 'examination', why: 'examination', newId: randomUUID, facts });
  const shape = shapeOf(look);
  return { ...look, enrolmentId: row.enrolmentId, patientId: row.patientId, group: groupOf(shape), shape };
}
