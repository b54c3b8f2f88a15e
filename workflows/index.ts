/** The four durable threads. Their names are their types in Temporal. */
export { followUp } from './follow-up.ts';
export { questionnaire } from './questionnaire.ts';
export { escalation } from './escalation.ts';
export { recordedCall } from './recorded-call.ts';
