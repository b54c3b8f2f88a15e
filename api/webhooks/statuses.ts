import { Router } from 'express';
import type { Request } from 'express';
import { z } from 'zod';
import { parseCallCallback, parseMessageCallback, parseRecordingCallback } from '../../providers/twilio/callbacks.ts';
import { takeCallStatus, takePageStatus, takeRecordingStatus } from '../inbound/call-status.ts';
import type { InboundDeps } from '../inbound/deps.ts';
import { takeMessageStatus } from '../inbound/message-status.ts';
import { Problem } from '../problem.ts';
import { formOf } from './signed.ts';

const idSchema = z.uuid();

/** What became of messages, calls and recordings. An error leaves nothing behind, so the provider may tell it again. */
export function statusRoutes(deps: InboundDeps): Router {
  const router = Router();
  router.post('/status', async (request, response) => {
    const callback = parseMessageCallback(formOf(request.body));
    if (callback === null) throw notOurs();
    await takeMessageStatus(deps, callback, attemptOf(request));
    response.status(204).end();
  });
  router.post('/call-status/page/:escalationId/:page', async (request, response) => {
    const callback = parseCallCallback(formOf(request.body));
    const page = { escalationId: idSchema.parse(request.params.escalationId), page: z.coerce.number().int().min(1).parse(request.params.page) };
    if (callback === null) throw notOurs();
    await takePageStatus(deps, page, callback, attemptOf(request));
    response.status(204).end();
  });
  router.post('/call-status/:callId', async (request, response) => {
    const callback = parseCallCallback(formOf(request.body));
    if (callback === null) throw notOurs();
    await takeCallStatus(deps, idSchema.parse(request.params.callId), callback, attemptOf(request));
    response.status(204).end();
  });
  router.post('/recording/:callId', async (request, response) => {
    const callback = parseRecordingCallback(formOf(request.body));
    if (callback === null) throw notOurs();
    await takeRecordingStatus(deps, idSchema.parse(request.params.callId), callback);
    response.status(204).end();
  });
  return router;
}

/** The attempt id that the provider gives back to us; signed with the rest of the address. */
function attemptOf(request: Request): string | null {
  const parsed = idSchema.safeParse(request.query['attempt']);
  return parsed.success ? parsed.data : null;
}

function notOurs(): Problem {
  return new Problem('bad-request', 'This form is no status callback.');
}
