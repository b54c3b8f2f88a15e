/**
 * Everything that a message may say of a patient or a hospital: a closed set, so that no template can carry a diagnosis,
 * a date of birth or an answer out by SMS. `name` is how the patient is addressed; `question` is the open item's own text.
 */
export interface MessageVariables {
  hospital: string;
  emergencyNumber: string;
  /** When staff read replies, as text: `08:00-18:00`. */
  readHours: string;
  name?: string;
  /** What a clinician replies to take an escalation. */
  code?: string;
  question?: string;
  link?: string;
}

/** Longest value of each variable, in characters: longer ones are refused, never cut, because half a sentence can mislead. */
export const variableLimits: Readonly<Record<keyof MessageVariables, number>> = {
  hospital: 80,
  emergencyNumber: 20,
  readHours: 40,
  name: 60,
  code: 12,
  question: 900,
  link: 300,
};

export const variableNames = ['hospital', 'emergencyNumber', 'readHours', 'name', 'code', 'question', 'link'] as const satisfies readonly (keyof MessageVariables)[];

/** Messages that the engine itself sends, whatever the plan; each must exist in every language. */
export const systemMessages = {
  /** Around the first question of a conversation: who asks, when replies are read, what to do in an emergency. */
  'first-question': { audience: 'patient', channels: ['sms'] },
  /** Around the open question when it is asked again because no answer came. */
  nudge: { audience: 'patient', channels: ['sms'] },
  'stop-confirmation': { audience: 'patient', channels: ['sms'] },
  'start-confirmation': { audience: 'patient', channels: ['sms'] },
  help: { audience: 'patient', channels: ['sms'] },
  'red-advice': { audience: 'patient', channels: ['sms'] },
  'given-to-staff': { audience: 'patient', channels: ['sms'] },
  'wrong-number-notice': { audience: 'patient', channels: ['sms'] },
  'staff-page': { audience: 'staff', channels: ['sms', 'voice'] },
} as const;

export type SystemMessageId = keyof typeof systemMessages;
