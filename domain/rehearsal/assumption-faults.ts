import { anchorValueFault, factValueFault, tagFault } from '../plan/declared.ts';
import type { Plan } from '../plan/format.ts';
import { questionsOf } from '../plan/questions.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import { beginningOf, endOf, longestMs } from './input.ts';
import type { WrittenAlongside, WrittenAssumptions } from './input.ts';

export interface AssumptionFault {
  path: (string | number)[];
  message: string;
}

/** What does not fit the plan, as sentences: a misspelt step, item or fact would silently be left out otherwise. */
export function assumptionFaults(plan: Plan, questionnaires: Questionnaires, written: WrittenAssumptions, alongside: readonly WrittenAlongside[] = []): AssumptionFault[] {
  const end = endOf(written);
  const known = new Set([plan.id]);
  return [
    ...within(['patient'], declaredFaults(plan, written.patient)),
    ...ownFaults(plan, questionnaires, written),
    ...sentence(['until'], lengthFault(beginningOf(written), end)),
    ...alongside.flatMap((other, index) => {
      const isTwice = known.has(other.plan.id);
      known.add(other.plan.id);
      const { from } = other.written;
      const faults = [
        ...sentence(['plan'], isTwice ? 'Name another plan: a patient is in a plan once.' : null),
        ...declaredFaults(other.plan, other.written),
        ...ownFaults(other.plan, questionnaires, other.written),
        ...sentence(['from'], from === undefined ? null : lengthFault(from, end)),
      ];
      return within(['alongside', index], faults);
    }),
  ];
}

type Questionnaires = Readonly<Record<string, Questionnaire>>;

function within(path: AssumptionFault['path'], faults: readonly AssumptionFault[]): AssumptionFault[] {
  return faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] }));
}

function declaredFaults(plan: Plan, { facts, tags }: Pick<WrittenAssumptions['patient'], 'facts' | 'tags'>): AssumptionFault[] {
  return [...Object.entries(facts).flatMap(([name, value]) => sentence(['facts', name], factValueFault(plan, name, value))), ...tags.flatMap((tag, index) => sentence(['tags', index], tagFault(plan, tag)))];
}

function ownFaults(plan: Plan, questionnaires: Questionnaires, written: Pick<WrittenAssumptions, 'anchors' | 'replies' | 'outside'>): AssumptionFault[] {
  return [
    ...Object.entries(written.anchors).flatMap(([id, value]) => sentence(['anchors', id], anchorValueFault(plan, id, value))),
    ...replyFaults(plan, questionnaires, written),
    ...written.outside.flatMap((event, index) => within(['outside', index], outsideFault(plan, event))),
  ];
}

function replyFaults(plan: Plan, questionnaires: Questionnaires, { replies }: Pick<WrittenAssumptions, 'replies'>): AssumptionFault[] {
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

function lengthFault(from: string, until: string): string | null {
  const lengthMs = Date.parse(until) - Date.parse(from);
  if (lengthMs <= 0) return 'Let the rehearsal end after it begins.';
  return lengthMs > longestMs ? 'Rehearse five years at most.' : null;
}

function sentence(path: AssumptionFault['path'], message: string | null): AssumptionFault[] {
  return message === null ? [] : [{ path, message }];
}

function stepSentence(plan: Plan): string {
  return `Use a step of the plan: ${plan.steps.map((step) => step.id).join(', ')}.`;
}
