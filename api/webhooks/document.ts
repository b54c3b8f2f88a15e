import { z } from 'zod';
import { callStatus, messageStatus, recordingStatus } from '../../providers/twilio/callbacks.ts';
import { problemsOf } from '../openapi.ts';
import type { OutsideOperation } from '../openapi.ts';
import { callForm } from './calls.ts';
import { textForm } from './texts.ts';

const call = z.object({ callId: z.uuid() });
const page = z.object({ escalationId: z.uuid(), page: z.int().min(1).meta({ description: 'The number of the page within its alert.' }) });
const turn = z.object({ turn: z.int().min(0).max(1_000).meta({ description: 'Which turn of the call is awaited, so that one that is repeated is known as such.' }) });
const attempt = z.object({ attempt: z.uuid().optional().meta({ description: 'The attempt that the provider reports on, as we gave it along.' }) });
/** Another word of the provider's is read as none, which a schema cannot say. */
const textFormSaid = textForm.extend({ OptOutType: z.enum(['STOP', 'START', 'HELP']).nullable().optional() });
const twiml = { 200: { description: 'TwiML: what is to be said or sent, or nothing', content: { 'text/xml': { schema: z.string() } } } };
const taken = { 204: { description: 'Taken, or known already' } };

/** What the telephone provider calls, and the link in mails. Forms may have more fields than are read. */
export const webhookOperations: readonly OutsideOperation[] = [
  webhook('/sms', 'A text came in', textFormSaid, twiml, {}),
  webhook('/voice/{callId}', 'A call to a patient is answered', callForm, twiml, { params: call }),
  webhook('/voice/{callId}/turn', 'A patient has pressed or said something, or nothing', callForm, twiml, { params: call, query: turn }),
  webhook('/voice/page/{escalationId}/{page}', 'A call to staff is answered', callForm, twiml, { params: page }),
  webhook('/voice/page/{escalationId}/{page}/turn', 'Staff have pressed something, or nothing', callForm, twiml, { params: page, query: turn }),
  webhook('/status', 'What became of a message', messageStatus, taken, { query: attempt }),
  webhook('/call-status/{callId}', 'What became of a call to a patient', callStatus, taken, { params: call, query: attempt }),
  webhook('/call-status/page/{escalationId}/{page}', 'What became of a call to staff', callStatus, taken, { params: page, query: attempt }),
  webhook('/recording/{callId}', 'What became of a recording', recordingStatus, taken, { params: call }),
  link('get', 'The page that a mail\'s unsubscribe link opens', 'Changes nothing, because mail scanners open links.'),
  link('post', 'No more mail to this address', 'By the page\'s button, or by a mail program\'s one click (RFC 8058). Whoever has the link may: it is made for one mail.'),
];

function webhook(path: string, summary: string, form: z.ZodObject, done: OutsideOperation['responses'], address: { params?: z.ZodObject; query?: z.ZodObject }): OutsideOperation {
  return {
    method: 'post', path: `/webhooks/twilio${path}`, tags: ['webhooks'], summary, security: [{ provider: [] }],
    description: 'Called by the telephone provider. Nothing is read before its signature was checked; the same may come twice, and in any order.',
    request: { ...address, body: { required: true, content: { 'application/x-www-form-urlencoded': { schema: form } } } },
    responses: { ...done, ...problemsOf(['bad-request', 'wrong-signature', 'too-large', 'wrong-media-type', 'internal', 'took-too-long', 'unavailable']) },
  };
}

function link(method: 'get' | 'post', summary: string, description: string): OutsideOperation {
  const html = { 'text/html': { schema: z.string() } };
  return {
    method, path: '/u/{token}', tags: ['unsubscribe'], summary, description, security: [],
    request: { params: z.object({ token: z.string() }) },
    responses: { 200: { description: 'A page, in English or Chinese', content: html }, 404: { description: 'The link is not complete; a page says so', content: html }, ...problemsOf(['wrong-method', 'unavailable']) },
  };
}
