import type { Action } from '../store/gate.ts';
import { findEnrolment } from '../store/enrolments.ts';
import type { EnrolmentSummary } from '../store/enrolments.ts';
import { notFound } from './problem.ts';
import type { Asker } from './route.ts';

/** Finds an enrolment and opens the right on its patient. `act` tells the ledger what is done with it. */
export async function enrolmentWithRight({ deps, open, logIds }: Pick<Asker, 'deps' | 'open' | 'logIds'>, enrolmentId: string, action: Extract<Action, 'show-patient' | 'start-enrolment'>, act: string): Promise<EnrolmentSummary> {
  logIds({ enrolmentId, workflowId: `follow-up/${enrolmentId}` });
  const enrolment = await findEnrolment(deps.sql, enrolmentId);
  if (enrolment === null) throw notFound('enrolment');
  await open({ purpose: 'follow-up', action, patients: [enrolment.patientId], fields: ['contact.card'], act });
  return enrolment;
}
