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
  lookBack: Plan['lookBack'];
}

export function declaredIn({ anchors, facts, tags, steps, lookBack }: Plan): Declared {
  return { anchors, facts: facts ?? {}, tags: tags ?? [], steps, lookBack };
}

/**
 * What a condition may name at this step: its own answers, the plan's facts and tags, the calendar, and the answers of steps that
 * stand before it in the plan; in a series also the step itself, which is then its occurrence before. What the plan looks back at is named
 * like an earlier step.
 */
export function scopeOf(declared: Declared, step: Step, questionnaires: Readonly<Record<string, Questionnaire>>): Scope {
  const place = declared.steps.findIndex((candidate) => candidate.id === step.id);
  const before = declared.steps.filter((candidate, index) => index < place || (index === place && candidate.every !== undefined));
  const earlier: Record<string, Scope['earlier'][string]> = Object.fromEntries(before.flatMap((candidate) => {
    const asked = asks(candidate, questionnaires);
    return asked === null ? [] : [[candidate.id, { title: candidate.title, asked }]];
  }));
  for (const [name, { step: stepId, days }] of Object.entries(declared.lookBack ?? {})) {
    const looked = earlier[stepId];
    if (looked !== undefined) earlier[name] = { title: { en: `${looked.title.en}, up to ${days} days before`, zh: `此前${days}天内的${looked.title.zh ?? looked.title.en}` }, asked: looked.asked, isLookBack: true };
  }
  return { answers: asks(step, questionnaires), facts: declared.facts, tags: declared.tags, earlier, calendar: { anchors: declared.anchors } };
}

function asks(step: Step, questionnaires: Readonly<Record<string, Questionnaire>>): Questionnaire | null {
  if (step.kind !== 'ask' && step.kind !== 'measure' && step.kind !== 'call') return null;
  return questionsOf({ id: 'plan', version: 1 }, step, questionnaires) ?? null;
}
