import { Router } from 'express';
import type { ErrorRequestHandler } from 'express';
import { ZodError } from 'zod';
import type { InboundDeps } from '../inbound/deps.ts';
import { callRoutes } from './calls.ts';
import { signedForm } from './signed.ts';
import { statusRoutes } from './statuses.ts';
import { textRoutes } from './texts.ts';

export { createUnsubscribe } from './unsubscribe.ts';
export type { InboundDeps, InboundSettings } from '../inbound/deps.ts';

/** What the telephone provider calls, beneath `/webhooks`. Nothing is read before its signature was checked. */
export function createWebhooks(deps: InboundDeps): Router {
  const router = Router();
  router.use('/twilio', ...signedForm(deps.settings), textRoutes(deps), callRoutes(deps), statusRoutes(deps), failed(deps));
  return router;
}

/** The provider reads no problem+json, and what it posted identifies people: it gets a status, and the log gets the route. */
function failed(deps: InboundDeps): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const theirs = error instanceof ZodError ? 400 : unreadableStatus(error);
    const isTheirs = theirs !== null;
    if (!isTheirs) deps.logger.error({ route: request.baseUrl, error }, 'a webhook could not be taken');
    response.status(theirs ?? 500).type('text/plain').send(isTheirs ? 'This request is not one that this address takes.' : 'This could not be taken. Send it again.');
  };
}

/** What the body's reader says of a form that it cannot take, such as 413: anybody may send one, so it is no fault of ours. Null for other errors. */
function unreadableStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('type' in error) || !('status' in error) || typeof error.status !== 'number') return null;
  return error.status >= 400 && error.status < 500 ? error.status : null;
}
