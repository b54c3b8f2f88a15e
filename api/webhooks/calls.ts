import { Router } from 'express';
import type { Request } from 'express';
import { z } from 'zod';
import type { VoicePrompt } from '../../domain/dialogue/types.ts';
import { insistently } from '../../providers/twilio/callbacks.ts';
import { hangUpTwiml, promptTwiml } from '../../providers/twilio/twiml.ts';
import type { InboundDeps } from '../inbound/deps.ts';
import { answerPage, takePageTurn } from '../inbound/page-call.ts';
import { answerCall, takeCallTurn } from '../inbound/voice-call.ts';
import type { VoiceAnswer } from '../inbound/voice-call.ts';
import { faultOf } from '../inbound/voice-cut-off.ts';
import { answerInTime } from '../inbound/voice-deadline.ts';
import type { Fault, Known } from '../inbound/voice-deadline.ts';
import { formOf } from './signed.ts';

export const callForm = z.object({
  CallSid: z.string().regex(/^[A-Z]{2}[0-9a-f]{32}$/),
  AnsweredBy: z.string().max(40).nullable().default(null),
  To: z.string().max(64).default(''),
  Digits: z.string().max(40).nullable().default(null),
  SpeechResult: z.string().max(4_000).nullable().default(null),
});
const idSchema = z.uuid();
const turnSchema = z.coerce.number().int().min(0).max(1_000);

/** Calls, turn by turn. Staff pages come first: their paths would else read as a call id. */
export function callRoutes(deps: InboundDeps): Router {
  const router = Router();
  const base = `${deps.settings.publicUrl}/webhooks/twilio`;

  router.post('/voice/page/:escalationId/:page', async (request, response) => {
    const { page, form } = readPage(request);
    const twiml = await answerInTime(deps, page.escalationId, async () => pageTwiml(base, page, 0, await answerPage(deps, page, form.AnsweredBy, form.To)), pageFault);
    response.type('text/xml').send(twiml);
  });
  router.post('/voice/page/:escalationId/:page/turn', async (request, response) => {
    const { page, form } = readPage(request);
    const turn = turnSchema.parse(request.query['turn']);
    const twiml = await answerInTime(deps, page.escalationId, async () => pageTwiml(base, page, turn + 1, await takePageTurn(deps, page, form.Digits, form.To, turn > 0)), pageFault);
    response.type('text/xml').send(twiml);
  });
  router.post('/voice/:callId', async (request, response) => {
    const callId = idSchema.parse(request.params.callId);
    const { CallSid: providerSid, AnsweredBy: answeredBy } = callForm.parse(formOf(request.body));
    const twiml = await answerInTime(deps, callId, async (known) => callTwiml(base, callId, await answerCall(deps, { callId, providerSid, answeredBy, ...known })), faultOf(deps, { callId, providerSid, turn: null }));
    response.type('text/xml').send(twiml);
  });
  router.post('/voice/:callId/turn', async (request, response) => {
    const callId = idSchema.parse(request.params.callId);
    const turn = turnSchema.parse(request.query['turn']);
    const { CallSid: providerSid, AnsweredBy: answeredBy, Digits: digits, SpeechResult: speech } = callForm.parse(formOf(request.body));
    const work = async (known: Known): Promise<string> => callTwiml(base, callId, await takeCallTurn(deps, { callId, providerSid, answeredBy, ...known }, turn, { digits, speech }));
    response.type('text/xml').send(await answerInTime(deps, callId, work, faultOf(deps, { callId, providerSid, turn: { number: turn, input: { digits, speech } } })));
  });
  return router;
}

/** The number of the awaited turn rides in its address, so that a webhook that the provider repeats is known as such. */
function callTwiml(base: string, callId: string, answer: VoiceAnswer): string {
  if (answer === null) return hangUpTwiml();
  return promptTwiml(answer.prompt, { turn: `${base}/voice/${callId}/turn?turn=${answer.turn}${insistently}`, recording: `${base}/recording/${callId}${insistently}` });
}

function pageTwiml(base: string, { escalationId, page }: { escalationId: string; page: number }, turn: number, prompt: VoicePrompt | null): string {
  if (prompt === null) return hangUpTwiml();
  return promptTwiml(prompt, { turn: `${base}/voice/page/${escalationId}/${page}/turn?turn=${turn}${insistently}`, recording: '' });
}

function readPage(request: Request) {
  return { page: { escalationId: idSchema.parse(request.params['escalationId']), page: z.coerce.number().int().min(1).parse(request.params['page']) }, form: callForm.parse(formOf(request.body)) };
}

/** A page has no row of its own that would have to be ended: the escalation's own clock goes on to the next person. */
const pageFault: Fault = { hasAnswer: false, clear: () => Promise.resolve() };
