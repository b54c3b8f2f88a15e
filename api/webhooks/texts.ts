import { Router } from 'express';
import { z } from 'zod';
import { replyTwiml } from '../../providers/twilio/twiml.ts';
import type { InboundDeps } from '../inbound/deps.ts';
import { receiveText } from '../inbound/receive-text.ts';
import { Problem } from '../problem.ts';
import { formOf } from './signed.ts';

export const textForm = z.object({
  MessageSid: z.string().regex(/^[A-Z]{2}[0-9a-f]{32}$/),
  From: z.string().min(1).max(64),
  Body: z.string().max(10_000).default(''),
  NumMedia: z.coerce.number().int().min(0).default(0),
  OptOutType: z.enum(['STOP', 'START', 'HELP']).nullable().default(null).catch(null),
});

/** Texts from outside. The answer is TwiML: what is to be sent back, or nothing. */
export function textRoutes(deps: InboundDeps): Router {
  const router = Router();
  router.post('/sms', async (request, response) => {
    const form = textForm.safeParse(formOf(request.body));
    if (!form.success) throw new Problem('bad-request', 'This form is no inbound message.');
    const { MessageSid, From, Body, NumMedia, OptOutType } = form.data;
    const answers = await receiveText(deps, MessageSid, { from: From, body: Body, media: NumMedia, optOutType: OptOutType });
    response.type('text/xml').send(replyTwiml(answers.length === 0 ? null : answers.join('\n')));
  });
  return router;
}
