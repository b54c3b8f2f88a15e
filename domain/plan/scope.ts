import type { Fact } from '../conditions/facts.ts';
import type { Scope } from '../conditions/scope.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import type { Plan, Step } from './format.ts';
import { questionsOf } from './questions.ts';

/** What the scope of a condition depends on. */
export interface Declared {
  anchors: Plan['anchors'];
  facts: Readonly<Record<string, Fact>>;
  tags: readonly string[];
  steps: readonly Step[];
}

export function declaredIn({ anchors, facts, tags, steps }: Plan): Declared {
  return { anchors, facts: facts ?? {}, tags: tags ?? [], steps };
}

/**
 * What a condition may name at this step: its own answers, the plan's facts and tags, the calendar, and the answers of steps that
 * stand before it in the plan; in a series also the step itself, which is then its occurrence before.
 */
export function scopeOf(declared: Declared, step: Step, questionnaires: Readonly<Record<string, Questionnaire>>): Scope {
  const place = declared.steps.findIndex((candidate) => candidate.id === step.id);
  const before = declared.steps.filter((candidate, index) => index < place || (index === place && candidate.every !== undefined));
  const earlier = Object.fromEntries(before.flatMap((candidate) => {
    const asked = asks(candidate, questionnaires);
    return asked === null ? [] : [[candidate.id, { title: candidate.title, asked }]];
  }));
  return { answers: asks(step, questionnaires), facts: declared.facts, tags: declared.tags, earlier, calendar: { anchors: declared.anchors } };
}

function asks(step: Step, questionnaires: Readonly<Record<string, Questionnaire>>): Questionnaire | null {
  if (step.kind !== 'ask' && step.kind !== 'measure' && step.kind !== 'call') return null;
  return questionsOf({ id: 'plan', version: 1 }, step, questionnaires) ?? null;
}
