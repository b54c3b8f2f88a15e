import type { Plan } from '../domain/plan/format.ts';
import { validatePlan } from '../domain/plan/validate.ts';
import { assumptionFaults } from '../domain/rehearsal/assumption-faults.ts';
import { examine } from '../domain/rehearsal/examine.ts';
import { assumptionsFor } from '../domain/rehearsal/input.ts';
import type { WrittenAlongside } from '../domain/rehearsal/input.ts';
import type { RehearsalContent } from '../domain/rehearsal/types.ts';
import { readBody, refused } from './body-text.ts';
import type { Refused } from './body-text.ts';
import { planFaults } from './plan-faults.ts';
import { writtenAnswer } from './rehearsal-answer.ts';
import { rehearsalBody } from './rehearsal-body.ts';
import type { Rehearsed } from './rehearser.ts';

/** A request to rehearse, from its text to that of the answer: everything in it may take long. */
export function rehearseText(content: RehearsalContent, text: string): Rehearsed {
  const read = readBody(text, rehearsalBody);
  if (!read.ok) return read;
  const { plan: planText, alongside: others, ...written } = read.body;
  const plan = planAt(content, planText, '/plan');
  if (!plan.ok) return plan;
  const alongside: WrittenAlongside[] = [];
  for (const [index, { plan: other, ...assumed }] of others.entries()) {
    const beside = planAt(content, other, `/alongside/${index}/plan`);
    if (!beside.ok) return beside;
    alongside.push({ plan: beside.plan, written: assumed });
  }
  const faults = assumptionFaults(plan.plan, content.questionnaires, written, alongside);
  if (faults.length > 0) return refused('Correct what the rehearsal assumes, as "errors" lists.', faults.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, message })));
  return { ok: true, json: writtenAnswer(examine(plan.plan, content, assumptionsFor(plan.plan, written, alongside))) };
}

function planAt(content: RehearsalContent, text: string, pointer: string): { ok: true; plan: Plan } | Refused {
  const validated = validatePlan(text, content);
  return validated.ok ? validated : refused('Correct the plan as "errors" lists.', planFaults(validated.faults, pointer));
}
