import { anchorValueFault, factValueFault, tagFault } from '../plan/declared.ts';
import type { Plan } from '../plan/format.ts';
import { questionsOf } from '../plan/questions.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import { beginningOf, endOf, longestMs } from './input.ts';
import type { WrittenAssumptions } from './input.ts';

export interface AssumptionFault {
  path: (string | number)[];
  message: string;
}

/** What does not fit the plan, as sentences: a misspelt step, item or fact would silently be left out otherwise. */
export function assumptionFaults(plan: Plan, questionnaires: Readonly<Record<string, Questionnaire>>, written: WrittenAssumptions): AssumptionFault[] {
  const { patient, anchors, outside } = written;
  const at = (message: string | null, ...path: (string | number)[]): AssumptionFault[] => (message === null ? [] : [{ path, message }]);
  return [
    ...Object.entries(patient.facts).flatMap(([name, value]) => at(factValueFault(plan, name, value), 'patient', 'facts', name)),
    ...patient.tags.flatMap((tag, index) => at(tagFault(plan, tag), 'patient', 'tags', index)),
    ...Object.entries(anchors).flatMap(([id, value]) => at(anchorValueFault(plan, id, value), 'anchors', id)),
    ...replyFaults(plan, questionnaires, written),
    ...outside.flatMap((event, index) => outsideFault(plan, event).flatMap(({ path, message }) => at(message, 'outside', index, ...path))),
    ...at(lengthFault(written), 'until'),
  ];
}

function replyFaults(plan: Plan, questionnaires: Readonly<Record<string, Questionnaire>>, { replies }: WrittenAssumptions): AssumptionFault[] {
  return Object.entries(replies.steps).flatMap(([id, listed]): AssumptionFault[] => {
    const step = plan.steps.find((candidate) => candidate.id === id);
    if (step === undefined) return [{ path: ['replies', 'steps', id], message: stepSentence(plan) }];
    const items = 'rules' in step ? (questionsOf(plan, step, questionnaires)?.items.map((item) => item.id) ?? []) : [];
    return listed.flatMap((reply, index) => {
      if (reply.kind !== 'answers') return [];
      const named = (['answers', 'delays'] as const).flatMap((part) => Object.keys(reply[part]).map((item) => ({ part, item })));
      return named.filter(({ item }) => !items.includes(item)).map(({ part, item }) => ({
        path: ['replies', 'steps', id, index, part, item],
        message: items.length === 0 ? 'Remove this: the step asks nothing.' : `Use an item that the step asks: ${items.join(', ')}.`,
      }));
    });
  });
}

function outsideFault(plan: Plan, event: WrittenAssumptions['outside'][number]): AssumptionFault[] {
  switch (event.kind) {
    case 'waive':
      return plan.steps.some((step) => step.id === event.stepId) ? [] : [{ path: ['stepId'], message: stepSentence(plan) }];
    case 'tag':
      return sentence(['tag'], tagFault(plan, event.tag));
    case 'move-anchor':
      return sentence([Object.hasOwn(plan.anchors, event.anchor) ? 'to' : 'anchor'], anchorValueFault(plan, event.anchor, event.to));
    case 'clear-anchor':
      return Object.hasOwn(plan.anchors, event.anchor) ? [] : [{ path: ['anchor'], message: `Use an anchor of this plan: ${Object.keys(plan.anchors).join(', ')}.` }];
    case 'miss-appointment':
      return plan.anchors[event.anchor]?.kind === 'appointment' ? [] : [{ path: ['anchor'], message: 'Use an anchor of the kind "appointment".' }];
    case 'status':
    case 'text':
    case 'pause':
    case 'resume':
    case 'withdraw':
      return [];
  }
}

function lengthFault(written: WrittenAssumptions): string | null {
  const lengthMs = Date.parse(endOf(written)) - Date.parse(beginningOf(written));
  if (lengthMs <= 0) return 'Let the rehearsal end after it begins.';
  return lengthMs > longestMs ? 'Rehearse five years at most.' : null;
}

function sentence(path: AssumptionFault['path'], message: string | null): AssumptionFault[] {
  return message === null ? [] : [{ path, message }];
}

function stepSentence(plan: Plan): string {
  return `Use a step of the plan: ${plan.steps.map((step) => step.id).join(', ')}.`;
}
