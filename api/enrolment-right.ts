import type { Action, Field } from '../store/gate.ts';
import { findEnrolment } from '../store/enrolments.ts';
import type { EnrolmentSummary } from '../store/enrolments.ts';
import { notFound } from './problem.ts';
import type { Asker } from './route.ts';

/** Finds an enrolment and opens the right on its patient. `act` tells the ledger what is done with it; its secret is good for the next transaction. */
export async function openEnrolment({ deps, open, logIds }: Pick<Asker, 'deps' | 'open' | 'logIds'>, enrolmentId: string, action: Extract<Action, 'show-patient' | 'start-enrolment' | 'show-responses'>, act: string, ...fields: Extract<Field, 'contact.card' | 'enrolment.facts' | 'response.answers'>[]): Promise<{ enrolment: EnrolmentSummary; secret: string }> {
  logIds({ enrolmentId, workflowId: `follow-up/${enrolmentId}` });
  const enrolment = await findEnrolment(deps.sql, enrolmentId);
  if (enrolment === null) throw notFound('enrolment');
  const secret = await open({ purpose: 'follow-up', action, patients: [enrolment.patientId], fields: fields.length === 0 ? ['contact.card'] : fields, act: fields.length === 0 ? act : `${act},enrolment/${enrolmentId}`, ...(fields.length === 0 ? {} : { enrolmentId }) });
  return { enrolment, secret };
}

/** The same for what needs no more than the right itself. */
export async function enrolmentWithRight(asked: Pick<Asker, 'deps' | 'open' | 'logIds'>, enrolmentId: string, action: Extract<Action, 'show-patient' | 'start-enrolment'>, act: string): Promise<EnrolmentSummary> {
  const { enrolment } = await openEnrolment(asked, enrolmentId, action, act);
  return enrolment;
}
