import type { ExaminedKind, MigrationChoice } from '../domain/migration/types.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { Sql } from '../store/connect.ts';
import { enrolledIn } from '../store/enrolled.ts';
import type { Enrolled } from '../store/enrolled.ts';
import { examinationOf, examineOne } from '../store/examinations.ts';
import { lookAt } from '../store/plan-migrations.ts';
import type { ExaminationJob, LookJob, Looked, LookedAt, MoveJob, MoveKind, Seen, Told, Way } from './looker.ts';

type One<Kind extends ExaminedKind> = Told<Kind> & Omit<Way<Kind>, 'look'>;

export async function lookAtEverybody(sql: Sql, job: LookJob): Promise<Looked> {
  return job.kind === 'move' ? { kind: 'move', ...(await each(sql, job.from, moving(job))) } : { kind: 'examine', ...(await each(sql, job.from, examining(job))) };
}

/** Looks at everybody in a version. Those who are changed alike share one way, which survives being copied between threads. */
async function each<Kind extends ExaminedKind>(sql: Sql, plan: Plan, look: (enrolled: Enrolled) => One<Kind> | null): Promise<Seen<Kind>> {
  const ways = new Map<string, Way<Kind>>();
  const rows: LookedAt<Kind>[] = [];
  const spent = { readMs: 0, decideMs: 0 };
  let since = performance.now();
  const lap = (part: keyof typeof spent): void => {
    const now = performance.now();
    spent[part] += now - since;
    since = now;
  };
  for await (const portion of enrolledIn(sql, plan)) {
    lap('readMs');
    for (const enrolled of portion) {
      const one = look(enrolled);
      if (one !== null) rows.push({ enrolmentId: enrolled.row.enrolmentId, patientId: enrolled.row.patientId, revision: enrolled.row.revision, way: wayOf(ways, one) });
    }
    lap('decideMs');
  }
  lap('readMs');
  return { rows, ...spent };
}

function moving({ from, to, stepMap, choice, groups, by, why, now }: MoveJob): (enrolled: Enrolled) => One<MoveKind> {
  const choiceOf = (group: string): MigrationChoice => (Object.hasOwn(groups, group) ? groups[group] : undefined) ?? choice;
  return (enrolled) => lookAt({ from, to, stepMap, by, why }, enrolled, now, choiceOf);
}

function examining({ patientIds, facts, questionnaires, now, ...plans }: ExaminationJob): (enrolled: Enrolled) => One<ExaminedKind> | null {
  const frame = examinationOf(plans, questionnaires);
  return (enrolled) => (patientIds.has(enrolled.row.patientId) ? { choice: 'move', ...examineOne(frame, enrolled, facts.get(enrolled.row.enrolmentId) ?? {}, now) } : null);
}

/** Of the days of a series, and of instants, nothing is kept: a thousand follow-ups differ in them and are told in one sentence. */
function wayOf<Kind extends ExaminedKind>(ways: Map<string, Way<Kind>>, { group, choice, shape, result, reason, changes, ends }: One<Kind>): Way<Kind> {
  const key = `${group} ${choice} ${shape}`;
  const known = ways.get(key);
  if (known !== undefined) return known;
  const told = new Map(changes.map(({ kind, stepId }) => [`${kind} ${stepId}`, { kind, stepId }]));
  const way: Way<Kind> = { group, choice, shape, look: { result, reason, changes: [...told.values()], ends } };
  ways.set(key, way);
  return way;
}
