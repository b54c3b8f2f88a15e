import { z } from 'zod';
import { levels } from '../../domain/codes.ts';
import { escalationCloseReasons } from '../../domain/escalation/types.ts';
import type { EscalationEvent } from '../../domain/escalation/types.ts';
import { applyToEscalation } from '../../store/escalations.ts';
import { GateRefused } from '../../store/gate.ts';
import { openTexts } from '../../store/patients.ts';
import { findEscalation, listEscalations } from '../../store/worklist.ts';
import type { EscalationSummary } from '../../store/worklist.ts';
import { readCursor, toPage } from '../cursor.ts';
import { namesOf } from '../patient-card.ts';
import { Problem, notFound } from '../problem.ts';
import { route } from '../route.ts';
import type { Asked, Asker, Route } from '../route.ts';
import { id, instant, nameInCare, pageOf, pageQuery } from '../schemas.ts';

const tag = 'escalations';
const params = z.object({ escalationId: id });
const status = z.enum(['open', 'acknowledged', 'closed']);
const base = {
  escalationId: id, patientId: id, patientName: nameInCare, enrolmentId: id.nullable(), touchpointId: id.nullable(), department: z.string(), level: z.enum(levels), ruleId: z.string(), status,
  pagesMade: z.int(), lastPagedPerson: id.nullable().meta({ description: 'Whom the last page went to. Every page and whoever was skipped is in the story.' }), nextAt: instant.meta({ description: 'When the next page is due; once acknowledged, until when the patient must be reached.' }), acknowledgedAt: instant.nullable(), acknowledgedBy: z.string().nullable(),
  closedBy: z.string().nullable(), closeReason: z.enum(escalationCloseReasons).nullable(), openedAt: instant, closedAt: instant.nullable(),
};
const escalation = z.object(base).meta({ id: 'Escalation' });
const changed = z.object({ escalationId: id, status }).meta({ id: 'EscalationChanged' });

export const escalationRoutes: readonly Route[] = [
  route(
    ['coordinator', 'clinician'],
    {
      method: 'get', path: '/v1/escalations', tag, summary: 'Alerts of your departments, oldest first', description: 'The names on a page are one right and one event in the ledger. While the ledger is behind the alerts are shown without names.', problems: ['refused'],
      query: z.strictObject({ ...pageQuery, status: z.enum(['unfinished', 'open', 'acknowledged', 'closed']).default('unfinished'), level: z.enum(levels).optional() }), answer: pageOf(escalation),
    },
    async (asked) => {
      const { cursor, limit, status: wanted, level } = asked.query;
      const rows = await listEscalations(asked.deps.sql, { departments: asked.session.departments, status: wanted, level: level ?? null, after: readCursor(cursor), limit });
      const { items, nextCursor } = toPage(rows, limit);
      const names = await namesOf(asked, items.map((item) => item.patientId)).catch(namelessWhileHeld);
      return { items: items.map((item) => viewOf(item, names.get(item.patientId) ?? null)), nextCursor };
    },
  ),
  route(
    'signed-in',
    {
      method: 'get', path: '/v1/escalations/{escalationId}', tag, summary: 'One alert, with what is needed to reach the patient', description: 'Goes on while the ledger is behind: a rescue waits for nothing.', params, problems: ['not-found', 'refused'],
      answer: z.object({ ...base, phones: z.array(z.string()).meta({ description: 'Empty too once the patient has left your departments\' care; `language` and `zone` are then empty.' }), language: z.string(), zone: z.string() }),
    },
    async (asked) => {
      const found = await known(asked, asked.params.escalationId);
      const secret = await reach(asked, found, 'show-escalation');
      const [[card], sealed] = await Promise.all([asked.deps.gate.readCard(secret), asked.deps.gate.read(secret)]);
      const values = await openTexts(asked.deps.vault, sealed);
      const phones = (card?.addresses ?? []).flatMap((address) => (address.kind === 'phone' ? values.filter((value) => value.rowId === address.rowId).map((value) => value.text) : []));
      return { ...viewOf(found, values.find((value) => value.field === 'patient.name')?.text ?? null), phones, language: card?.language ?? '', zone: card?.zone ?? '' };
    },
  ),
  route(
    'signed-in',
    { method: 'post', path: '/v1/escalations/{escalationId}/acknowledge', tag, summary: 'I have it', description: 'Paging stops and the second clock starts: until it ends the patient must be reached, or paging goes on.', params, answer: changed, problems: ['not-found', 'refused', 'conflict'] },
    async (asked) => change(asked, { kind: 'acknowledged', by: asked.session.personId, at: asked.now }),
  ),
  route(
    'signed-in',
    { method: 'post', path: '/v1/escalations/{escalationId}/close', tag, summary: 'End an alert, with the reason', description: 'Only a named human ends an alert.', params, body: z.strictObject({ reason: z.enum(escalationCloseReasons) }), answer: changed, problems: ['not-found', 'refused', 'conflict'] },
    async (asked) => change(asked, { kind: 'closed', by: asked.session.personId, reason: asked.body.reason, at: asked.now }),
  ),
];

async function known({ deps, logIds }: Pick<Asker, 'deps' | 'logIds'>, escalationId: string): Promise<EscalationSummary> {
  logIds({ workflowId: `escalation/${escalationId}` });
  const found = await findEscalation(deps.sql, escalationId);
  if (found === null) throw notFound('escalation');
  return found;
}

/** A ward sees that it has alerts whatever becomes of its right to names; one alert, with whom to reach, waits for no ledger. */
function namelessWhileHeld(error: unknown): Map<string, string> {
  if (error instanceof GateRefused && error.verdict === 'held') return new Map();
  throw error;
}

/** Those whose alert it is are not refused it when the patient has left their care: they see and end it, without the name and the numbers. */
function reach({ open, openListed, session }: Pick<Asker, 'open' | 'openListed' | 'session'>, { patientId, department }: EscalationSummary, act: string): Promise<string> {
  const right = { purpose: 'treatment', action: 'reach-patient', patients: [patientId], fields: ['patient.name', 'address.value', 'contact.card'], act } as const;
  return session.departments.includes(department) ? openListed(right) : open(right);
}

/** Applied at once under the row's lock, so that everybody sees it even while Temporal is down; the thread is told in the same transaction. */
async function change(asked: Asked<z.output<typeof params>, unknown, unknown>, event: Extract<EscalationEvent, { by: string }>): Promise<z.input<typeof changed>> {
  const { escalationId } = asked.params;
  const found = await known(asked, escalationId);
  await reach(asked, found, `${event.kind === 'closed' ? `close=${event.reason}` : 'acknowledge'}/${escalationId}`);
  return asked.commit(async (tx, tell) => {
    const { row, thread } = await applyToEscalation(tx, escalationId, asked.now, event);
    const isTaken = event.kind === 'closed' ? row.state.closedBy === event.by && row.state.closeReason === event.reason : row.state.acknowledgedBy === event.by && row.state.status === 'acknowledged';
    if (!isTaken) throw new Problem('conflict', row.state.status === 'closed' ? 'This alert is closed already.' : 'Somebody else has taken this alert.', { context: { status: row.state.status, by: row.state.closedBy ?? row.state.acknowledgedBy } });
    tell([thread]);
    return { escalationId, status: row.state.status };
  });
}

function viewOf(row: EscalationSummary, patientName: string | null): z.input<typeof escalation> {
  const { escalationId, patientId, enrolmentId, touchpointId, department, level, ruleId, openedAt, closedAt, state } = row;
  const { pagesMade, lastPagedPerson = null, nextAt, acknowledgedAt, acknowledgedBy, closedBy, closeReason } = state;
  return { escalationId, patientId, patientName, enrolmentId, touchpointId, department, level, ruleId, status: row.status, pagesMade, lastPagedPerson, nextAt, acknowledgedAt, acknowledgedBy, closedBy, closeReason, openedAt, closedAt };
}
