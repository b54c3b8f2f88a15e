import { touchpointOutcomes } from '../../domain/codes.ts';
import type { ContactHours } from '../../domain/time/contact-hours.ts';
import type { Seen, SeenContact } from '../property/witness.ts';
import type { CareWorld } from '../support/care-world.ts';

/** What somebody sees who stands beside the phone network, with the consent rows in hand, at the moment at which something arrives there. */
export async function seenNow({ root }: CareWorld, attemptId: string, at: string): Promise<SeenContact> {
  const [row] = await root<(Omit<SeenContact, 'at' | 'hours'> & { hours: ContactHours })[]>`
    select attempt.channel, attempt.subject_id::text as touchpoint, attempt.kind, state.zone, state.status, touchpoint.status = 'done' or enrolment.status <> 'active' as "isOver", plan.body -> 'contactHours' as hours,
      exists (select from phi.consent where consent.patient_id = attempt.patient_id and consent.purpose = 'follow-up' and consent.channel = attempt.channel and withdrawn_at is null) as "hasConsent",
      exists (select from phi.address left join phi.patient_address link on link.address_id = address.address_id and link.patient_id = attempt.patient_id
        where address.address_id = attempt.address_id and (opted_out_at is not null or suspended_at is not null)) as "isStopped"
    from care.attempt join phi.contact_state state on state.patient_id = attempt.patient_id join care.touchpoint on touchpoint_id = attempt.subject_id
    join care.enrolment using (enrolment_id) join care.plan on plan.plan_id = enrolment.plan_id and plan.version = enrolment.plan_version where attempt_id = ${attemptId}`;
  if (row === undefined) throw new Error('What went out belongs to no step.');
  return { ...row, at };
}

/** The rest of it, when the story is over. */
export async function seenAtLast({ root }: CareWorld, patientId: string, contacts: readonly SeenContact[], steps: number): Promise<Seen> {
  const touchpoints = await root<{ touchpoint: string; isDone: boolean }[]>`select touchpoint_id::text as touchpoint, status = 'done' as "isDone" from care.touchpoint where patient_id = ${patientId}`;
  const endings = await root<{ touchpoint: string; at: string }[]>`select touchpoint_id::text as touchpoint, at::text as at from care.story where patient_id = ${patientId} and what = any(${touchpointOutcomes.map((outcome) => `touchpoint.${outcome}`)})`;
  const closed = await root<{ by: string | null }[]>`
    select (select detail ->> 'by' from care.story where what = 'escalation.closed' and detail ->> 'escalationId' = escalation_id::text limit 1) as by
    from care.escalation where patient_id = ${patientId} and level = 'red' and status = 'closed'`;
  return { contacts, touchpoints, endings, redClosedBy: closed.map(({ by }) => by), mayWait: true, steps };
}
