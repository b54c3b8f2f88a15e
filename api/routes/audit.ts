import { z } from 'zod';
import { readCursor, toPage } from '../cursor.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { id, instant, longPageQuery, pageOf } from '../schemas.ts';

const event = z
  .object({
    eventId: id, at: instant, actorKind: z.string(), actorId: z.string(), action: z.string(), purpose: z.string(), verdict: z.string(), reason: z.string().nullable(),
    patientIds: z.array(id), subject: z.string().nullable(), fields: z.array(z.string()), detail: z.string().nullable(),
  })
  .meta({ id: 'AuditEvent' });

export const auditRoutes: readonly Route[] = [
  route(
    ['auditor'],
    {
      method: 'get', path: '/v1/patients/{patientId}/audit-events', tag: 'audit', summary: 'Who did what about a patient, newest first', description: 'Page by page, back to the first event. Each look is itself an event, and newer than every page after the first.',
      params: z.object({ patientId: id }), query: z.strictObject(longPageQuery), answer: pageOf(event),
    },
    async ({ deps, params, query, open }) => {
      const before = readCursor(query.cursor);
      const secret = await open({ purpose: 'oversight', action: 'read-audit', patients: [params.patientId], fields: [] });
      const events = await deps.gate.eventsOf(secret, { before, limit: query.limit + 1 });
      const { items, nextCursor } = toPage(events.map(({ exactAt, ...shown }) => ({ shown, at: exactAt, id: shown.eventId })), query.limit);
      return { items: items.map(({ shown }) => shown), nextCursor };
    },
  ),
];
