import { z } from 'zod';
import { languageOf } from '../../domain/codes.ts';
import type { Language } from '../../domain/codes.ts';
import { instructionText } from '../../domain/plan/instructions.ts';
import type { Instructions } from '../../domain/plan/instructions.ts';
import { openInbound } from '../../store/inbound.ts';
import { claimTask, closeTask, findTask, listTasks } from '../../store/worklist.ts';
import type { TaskRow, TaskStep } from '../../store/worklist.ts';
import { readCursor, toPage } from '../cursor.ts';
import { demandDepartment } from '../department.ts';
import { namesOf } from '../patient-card.ts';
import { Problem, notFound } from '../problem.ts';
import { route } from '../route.ts';
import type { Asker, Route } from '../route.ts';
import { code, department, id, instant, nameInCare, pageOf, pageQuery, rota } from '../schemas.ts';
import { todoOf } from '../task-words.ts';

const tag = 'tasks';
const workers = ['coordinator', 'clinician'] as const;
const params = z.object({ taskId: id });

const task = z
  .object({
    taskId: id, patientId: id.nullable(), patientName: nameInCare, enrolmentId: id.nullable(), touchpointId: id.nullable(), inboundId: id.nullable(), department: z.string(), kind: z.string(), title: z.string().meta({ description: 'What it is about, as a code.' }),
    todo: z.string().nullable().meta({ description: 'What is to be done, in your language, where kind and title alone do not say it.' }),
    step: z.object({ title: z.string(), instruction: z.string().nullable(), instructionText: z.string().nullable(), by: z.string().nullable() }).nullable().meta({ description: 'The step of the plan that it is about: its title in your language, what the plan tells staff to do as its code and, where there is a text for it, in your language, and the rota whose people are to do it.' }),
    status: z.enum(['open', 'claimed', 'done']), owner: z.string().nullable(), dueAt: instant.nullable(), createdAt: instant, closedAt: instant.nullable(), closedBy: z.string().nullable(), closeReason: z.string().nullable(),
  })
  .meta({ id: 'Task' });
const changed = z.object({ taskId: id, status: z.enum(['claimed', 'done']) }).meta({ id: 'TaskChanged' });

export const taskRoutes: readonly Route[] = [
  route(
    workers,
    {
      method: 'get', path: '/v1/tasks', tag, summary: 'The worklist of your departments, oldest first', description: 'The names on a page are one right and one event in the ledger.', problems: ['refused'],
      query: z.strictObject({ ...pageQuery, department: department.optional(), status: z.enum(['unfinished', 'open', 'claimed', 'done']).default('unfinished'), kind: code.optional(), owner: z.enum(['me']).optional(), by: rota.optional().meta({ description: 'Only what a plan gives to the people of this rota.' }) }), answer: pageOf(task),
    },
    async (asked) => {
      const { cursor, limit, department: only, status, kind, owner, by } = asked.query;
      if (only !== undefined) await demandDepartment(asked, only, { action: 'list-worklist', subject: `department/${only}` });
      const departments = only === undefined ? asked.session.departments : [only];
      const rows = await listTasks(asked.deps.sql, { departments, status, kind: kind ?? null, owner: owner === 'me' ? actorOf(asked) : null, by: by ?? null, after: readCursor(cursor), limit });
      const { items, nextCursor } = toPage(rows, limit);
      const names = await namesOf(asked, items.map((item) => item.patientId));
      const language = await languageOfCaller(asked);
      return { items: items.map((item) => viewOf(item, names, { language, instructions: asked.deps.content.instructions })), nextCursor };
    },
  ),
  route(workers, { method: 'get', path: '/v1/tasks/{taskId}', tag, summary: 'One task', params, answer: task, problems: ['not-found', 'refused'] }, async (asked) => {
    const found = await findTask(asked.deps.sql, asked.params.taskId);
    if (found === null) throw notFound('task');
    await demandDepartment(asked, found.department, { action: 'show-task', subject: `task/${found.taskId}` });
    return viewOf(found, await namesOf(asked, [found.patientId]), { language: await languageOfCaller(asked), instructions: asked.deps.content.instructions });
  }),
  route(
    workers,
    {
      method: 'get', path: '/v1/tasks/{taskId}/message', tag, summary: 'What was written, of a task that a text has led to', description: 'Each look is a right of its own, and an event in the ledger that names the message. Goes on while the ledger is behind.', params, problems: ['not-found', 'refused'],
      answer: z.object({ taskId: id, receivedAt: instant, from: z.string(), body: z.string(), media: z.int().meta({ description: 'Pictures and the like that came with it; they are not fetched.' }) }).meta({ id: 'TaskMessage' }),
    },
    async (asked) => {
      const { deps, open, params: { taskId } } = asked;
      const found = await findTask(deps.sql, taskId);
      if (found?.inboundId == null) throw notFound('task that a text has led to');
      const { inboundId, patientId, department: ofTask } = found;
      await demandDepartment(asked, ofTask, { action: 'read-inbox', subject: `task/${taskId}` });
      // The number that it came from is told as well, so the ledger names it.
      const secret = await open({ purpose: 'follow-up', action: 'read-inbox', patients: patientId === null ? [] : [patientId], fields: ['address.value', 'inbound.body'], act: `inbound/${inboundId}` });
      const stored = await deps.gate.readInbound(secret, inboundId);
      if (stored === null) throw notFound('message');
      const { from, body, media } = await openInbound(deps.vault, stored);
      return { taskId, receivedAt: stored.receivedAt, from, body, media };
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

/** In what a person is paged, they read. */
export async function languageOfCaller({ deps, session }: Pick<Asker, 'deps' | 'session'>): Promise<Language> {
  return languageOf(await deps.gate.staffLanguage(session.personId));
}

function viewOf({ step, ...row }: TaskRow, names: ReadonlyMap<string, string>, { language, instructions }: { language: Language; instructions: Instructions }) {
  const shown = (of: TaskStep) => ({ ...of, title: of.title[language] ?? of.title.en, instructionText: instructionText(instructions, of.instruction, language) });
  return { ...row, todo: todoOf(row)?.[language] ?? null, patientName: names.get(row.patientId ?? '') ?? null, step: step === null ? null : shown(step) };
}

function actorOf({ session }: Pick<Asker, 'session'>): string {
  return `person/${session.personId}`;
}

async function taskWithRight(asked: Asker, taskId: string, act: string): Promise<TaskRow> {
  const found = await findTask(asked.deps.sql, taskId);
  if (found === null) throw notFound('task');
  await demandDepartment(asked, found.department, { action: act, subject: `task/${taskId}` });
  // Nothing of the patient is given: who has left the department's care leaves no task behind that nobody may close.
  if (found.patientId !== null) await asked.openListed({ purpose: 'follow-up', action: 'list-worklist', patients: [found.patientId], fields: [], act });
  return found;
}
