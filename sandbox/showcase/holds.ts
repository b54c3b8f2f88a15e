import type { Evidence, PatientCheck } from './scene.ts';

/** One check: holds when `found` is what was `wanted`. */
export function holds(name: string, found: unknown, wanted: unknown): PatientCheck {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  return { name, fault: is === should ? null : `wanted ${should}, found ${is}` };
}

export function isTrue(name: string, found: boolean, otherwise: string): PatientCheck {
  return { name, fault: found ? null : otherwise };
}

export function hasTask(seen: Evidence, kind: string): PatientCheck {
  return isTrue(`staff have a task: ${kind}`, seen.tasks.some((task) => task.kind === kind), `tasks are: ${seen.tasks.map((task) => task.kind).join(', ') || 'none'}`);
}

export function answered(seen: Evidence, stepId: string, pain: number): PatientCheck {
  return holds(`${stepId} is answered, with pain ${pain}`, [seen.outcomeOf(stepId), seen.answers[stepId]?.['pain']], ['answered', pain]);
}

/** What the engine itself began at this phone: texts and calls, without answers to what the patient wrote. */
export function contactsBegun(seen: Evidence): number {
  return seen.texts.filter((text) => text.direction === 'outbound-api').length + seen.calls.length;
}

export function nothingSent(seen: Evidence): PatientCheck {
  return holds('nothing reached the phone', seen.texts.length + seen.calls.length, 0);
}
