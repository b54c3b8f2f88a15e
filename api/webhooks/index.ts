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
    const isTheirs = error instanceof ZodError;
    if (!isTheirs) deps.logger.error({ route: request.baseUrl, error }, 'a webhook could not be taken');
    response.status(isTheirs ? 400 : 500).type('text/plain').send(isTheirs ? 'This request is not one that this address takes.' : 'This could not be taken. Send it again.');
  };
}
