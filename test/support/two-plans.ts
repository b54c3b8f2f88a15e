import type { CarePatient, CareWorld, Enrolled, StepOptions } from './care-world.ts';

/** A reminder of another text than the usual one, so that both are seen in one message. */
export const preparation: StepOptions = { id: 'prepare', message: 'surgery-preparation' };

export interface TwoPlans {
  patient: CarePatient;
  /** The reminder of this plan is claimed, and the other's goes along. */
  first: Enrolled;
  second: Enrolled;
  firstId: string;
  secondId: string;
}

/** One patient in two plans, each with a reminder that is due now. */
export async function inTwoPlans(world: CareWorld, options: { patient?: Parameters<CareWorld['patient']>[0]; channels?: ('sms' | 'email')[]; first?: Partial<StepOptions>; second?: Partial<StepOptions> } = {}): Promise<TwoPlans> {
  const patient = await world.patient(options.patient);
  const plan = options.channels === undefined ? {} : { channels: options.channels };
  const first = await world.enrol(patient, [{ id: 'visit', ...options.first }], plan);
  const second = await world.enrol(patient, [options.second?.['kind'] === undefined ? { ...preparation, ...options.second } : { id: preparation.id, ...options.second }], plan);
  return { patient, first, second, firstId: first.touchpoints['visit'] ?? '', secondId: second.touchpoints['prepare'] ?? '' };
}

/** Lets the thread of an enrolment begin with what `startEnrolment` left it to hear. */
export async function bothLook(world: CareWorld, { first, second }: TwoPlans): Promise<void> {
  for (const { enrolmentId } of [first, second]) await world.activities.resumePlan(enrolmentId);
}
