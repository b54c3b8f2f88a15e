import { Problem } from './problem.ts';
import type { Asker } from './route.ts';

/** Refuses, and has it audited, when a thing belongs to a department that is not the asker's. */
export async function demandDepartment(asked: Pick<Asker, 'session' | 'note'>, department: string, act: { action: string; subject: string }): Promise<void> {
  if (asked.session.departments.includes(department)) return;
  await asked.note({ ...act, verdict: 'refused', reason: 'other-department' });
  throw new Problem('refused', 'This belongs to another department than yours. Ask somebody there.', { context: { reason: 'other-department' } });
}
