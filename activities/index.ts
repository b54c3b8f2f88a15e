import { ApplicationFailure } from '@temporalio/common';
import type { CareActivities } from '../domain/threads.ts';
import { TryLater } from './contact/sender.ts';
import { contactPatient } from './contact-patient.ts';
import type { ActivityDeps } from './deps.ts';
import { followCall } from './follow-call.ts';
import { pageStaff } from './page-staff.ts';
import { placeCall } from './place-call.ts';
import { remindPatient } from './remind-patient.ts';
import { resumeConversation } from './resume-conversation.ts';
import { resumeEscalation } from './resume-escalation.ts';
import { resumePlan } from './resume-plan.ts';
import { deleteRecordingAtProvider, storeRecording } from './store-recording.ts';

export type { ActivityContent, ActivityDeps, ActivitySettings } from './deps.ts';

/** All activities over what they touch. The one place where an error becomes Temporal's. */
export function createActivities(deps: ActivityDeps): CareActivities {
  return {
    resumePlan: mapped(resumePlan(deps)),
    remindPatient: mapped(remindPatient(deps)),
    resumeConversation: mapped(resumeConversation(deps)),
    contactPatient: mapped(contactPatient(deps)),
    resumeEscalation: mapped(resumeEscalation(deps)),
    pageStaff: mapped(pageStaff(deps)),
    placeCall: mapped(placeCall(deps)),
    followCall: mapped(followCall(deps)),
    storeRecording: mapped(storeRecording(deps)),
    deleteRecordingAtProvider: mapped(deleteRecordingAtProvider(deps)),
  };
}

/** `TryLater` names its own delay; every other error goes through untouched and is retried by its profile. */
function mapped<Args extends unknown[], Result>(activity: (...args: Args) => Promise<Result>): (...args: Args) => Promise<Result> {
  return async (...args) => {
    try {
      return await activity(...args);
    } catch (error) {
      if (!(error instanceof TryLater)) throw error;
      throw ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: false, nextRetryDelay: error.delayMs, cause: error });
    }
  };
}
