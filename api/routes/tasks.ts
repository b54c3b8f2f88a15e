import { z } from 'zod';
import { claimTask, closeTask, findTask, listTasks } from '../../store/worklist.ts';
import type { TaskRow } from '../../store/worklist.ts';
import { readCursor, toPage } from '../cursor.ts';
import { demandDepartment } from '../department.ts';
import { namesOf } from '../patient-card.ts';
import { Problem, notFound } from '../problem.ts';
import { route } from '../route.ts';
import type { Asker, Route } from '../route.ts';
import { code, department, id, instant, pageOf, pageQuery } from '../schemas.ts';

const tag = 'tasks';
const workers = ['coordinator', 'clinician'] as const;
const params = z.object({ taskId: id });

const task = z
  .object({
    taskId: id, patientId: id.nullable(), patientName: z.string().nullable(), enrolmentId: id.nullable(), touchpointId: id.nullable(), inboundId: id.nullable(), department: z.string(), kind: z.string(), title: z.string(),
    status: z.enum(['open', 'claimed', 'done']), owner: z.string().nullable(), dueAt: instant.nullable(), createdAt: instant, closedAt: instant.nullable(), closedBy: z.string().nullable(), closeReason: z.string().nullable(),
  })
  .meta({ id: 'Task' });
const changed = z.object({ taskId: id, status: z.enum(['claimed', 'done']) }).meta({ id: 'TaskChanged' });

export const taskRoutes: readonly Route[] = [
  route(
    workers,
    {
      method: 'get', path: '/v1/tasks', tag, summary: 'The worklist of your departments, oldest first', description: 'The names on a page are one right and one event in the ledger.', problems: ['refused'],
      query: z.strictObject({ ...pageQuery, department: department.optional(), status: z.enum(['unfinished', 'open', 'claimed', 'done']).default('unfinished'), kind: code.optional(), owner: z.enum(['me']).optional() }), answer: pageOf(task),
    },
    async (asked) => {
      const { cursor, limit, department: only, status, kind, owner } = asked.query;
      if (only !== undefined) await demandDepartment(asked, only, { action: 'list-worklist', subject: `department/${only}` });
      const departments = only === undefined ? asked.session.departments : [only];
      const rows = await listTasks(asked.deps.sql, { departments, status, kind: kind ?? null, owner: owner === 'me' ? actorOf(asked) : null, after: readCursor(cursor), limit });
      const { items, nextCursor } = toPage(rows, limit);
      const names = await namesOf(asked, items.map((item) => item.patientId));
      return { items: items.map((item) => ({ ...item, patientName: names.get(item.patientId ?? '') ?? null })), nextCursor };
    },
  ),
  route(workers, { method: 'post', path: '/v1/tasks/{taskId}/claim', tag, summary: 'Take a task', params, answer: changed, problems: ['not-found', 'refused', 'conflict'] }, async (asked) => {
    const { taskId } = await taskWithRight(asked, asked.params.taskId, 'claim-task');
    return asked.commit(async (tx) => {
      if (!(await claimTask(tx, taskId, actorOf(asked)))) throw new Problem('conflict', 'Somebody else has taken this task, or it is done.');
      return { taskId, status: 'claimed' as const };
    });
  }),
  route(
    workers,
    { method: 'post', path: '/v1/tasks/{taskId}/close', tag, summary: 'Close a task with a reason', params, body: z.strictObject({ reason: code }), answer: changed, problems: ['not-found', 'refused', 'conflict'] },
    async (asked) => {
      const { taskId } = await taskWithRight(asked, asked.params.taskId, 'close-task');
      return asked.commit(async (tx) => {
        if (!(await closeTask(tx, taskId, actorOf(asked), asked.body.reason, asked.now))) throw new Problem('conflict', 'This task is done already.');
        await asked.note({ action: 'close-task', subject: `task/${taskId}`, reason: asked.body.reason }, tx);
        return { taskId, status: 'done' as const };
      });
    },
  ),
];

function actorOf({ session }: Pick<Asker, 'session'>): string {
  return `person/${session.personId}`;
}

async function taskWithRight(asked: Asker, taskId: string, act: string): Promise<TaskRow> {
  const found = await findTask(asked.deps.sql, taskId);
  if (found === null) throw notFound('task');
  if (found.patientId !== null) await asked.open({ purpose: 'follow-up', action: 'list-worklist', patients: [found.patientId], fields: [], act });
  await demandDepartment(asked, found.department, { action: act, subject: `task/${taskId}` });
  return found;
}
