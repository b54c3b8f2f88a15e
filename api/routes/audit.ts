import { z } from 'zod';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { id, instant } from '../schemas.ts';

const event = z
  .object({
    eventId: id, at: instant, actorKind: z.string(), actorId: z.string(), action: z.string(), purpose: z.string(), verdict: z.string(), reason: z.string().nullable(),
    patientIds: z.array(id), subject: z.string().nullable(), fields: z.array(z.string()), detail: z.string().nullable(),
  })
  .meta({ id: 'AuditEvent' });

export const auditRoutes: readonly Route[] = [
  route(
    ['auditor'],
    { method: 'get', path: '/v1/patients/{patientId}/audit-events', tag: 'audit', summary: 'Who did what about a patient, newest first', description: 'At most 1000 events. This look is itself an event.', params: z.object({ patientId: id }), answer: z.object({ items: z.array(event) }) },
    async ({ deps, params, open }) => {
      const secret = await open({ purpose: 'oversight', action: 'read-audit', patients: [params.patientId], fields: [] });
      return { items: await deps.gate.eventsOf(secret) };
    },
  ),
];
