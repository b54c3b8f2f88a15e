import { Router } from 'express';
import { z } from 'zod';
import { replyTwiml } from '../../providers/twilio/twiml.ts';
import type { InboundText } from '../../store/inbound.ts';
import { byDeadline, webhookDeadlineMs } from '../inbound/deadline.ts';
import type { InboundDeps } from '../inbound/deps.ts';
import { receiveText } from '../inbound/receive-text.ts';
import type { Reply } from '../inbound/receive-text.ts';
import { Problem } from '../problem.ts';
import { formOf } from './signed.ts';

export const textForm = z.object({
  MessageSid: z.string().regex(/^[A-Z]{2}[0-9a-f]{32}$/),
  From: z.string().min(1).max(64),
  Body: z.string().max(10_000).default(''),
  NumMedia: z.coerce.number().int().min(0).default(0),
  OptOutType: z.enum(['STOP', 'START', 'HELP']).nullable().default(null).catch(null),
});

/** Texts from outside. The answer is TwiML: what is to be sent back, or nothing; 503 for what is not answered in time, so that the provider tells it again and is answered then. */
export function textRoutes(deps: InboundDeps): Router {
  const router = Router();
  router.post('/sms', async (request, response) => {
    const form = textForm.safeParse(formOf(request.body));
    if (!form.success) throw new Problem('bad-request', 'This form is no inbound message.');
    const { MessageSid, From, Body, NumMedia, OptOutType } = form.data;
    const reply = await replyInTime(deps, MessageSid, { from: From, body: Body, media: NumMedia, optOutType: OptOutType });
    if (reply === null) throw new Problem('took-too-long', 'This is not answered yet. Send it again.');
    const { answers, secret } = reply;
    if (answers.length > 0 && secret !== null) response.once('finish', () => deps.pending.add(noteHandedOver(deps, reply.inboundId, secret, request.socket.destroyed)));
    response.type('text/xml').send(replyTwiml(answers.length === 0 ? null : answers.join('\n')));
  });
  return router;
}

/** The provider waits 15 s at most, and whoever wrote for an answer. What comes of it later is kept, and told at the provider's next try, or to staff. */
async function replyInTime(deps: InboundDeps, messageSid: string, text: InboundText): Promise<Reply | null> {
  const expired = new AbortController();
  const worked = receiveText(deps, messageSid, text, expired.signal);
  const reply = await byDeadline(deps.settings.textDeadlineMs ?? webhookDeadlineMs, worked);
  if (reply !== 'late') return reply;
  expired.abort();
  deps.logger.error({ providerSid: messageSid }, 'a text could not be answered in time');
  deps.pending.add(worked.then(() => undefined, (error: unknown) => deps.logger.error({ providerSid: messageSid, error }, 'a text that came to be late could not be stored; the provider tells it again, or its log is read')));
  return null;
}

/** Where this cannot be noted, the provider or staff are told once more: that is better than not at all. */
async function noteHandedOver(deps: InboundDeps, inboundId: string, secret: string, isCutOff: boolean): Promise<void> {
  if (isCutOff) return;
  await deps.gate.inboundReplied(secret, 'handed-over').catch((error: unknown) => deps.logger.error({ inboundId, error }, 'it could not be noted that an answer was handed over: staff may be told that it was not'));
}
