import { Router } from 'express';
import type { ErrorRequestHandler } from 'express';
import { ZodError } from 'zod';
import { docsPath, sendProblem, unreachable, unreadable } from '../errors.ts';
import type { InboundDeps } from '../inbound/deps.ts';
import { Problem } from '../problem.ts';
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

/** What it posted identifies people, so the log gets the route and no more. A fault of ours is a 5xx whatever it was: the provider tells it again. */
function failed(deps: InboundDeps): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const problem = problemOf(error);
    if (problem.status >= 500) deps.logger.error({ route: request.baseUrl, error }, 'a webhook could not be taken');
    sendProblem(problem, request, response, docsPath);
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ZodError) return new Problem('bad-request', 'This request is not one that this address takes.');
  return unreadable(error) ?? unreachable(error) ?? new Problem('internal', 'This could not be taken. Send it again.', { cause: error });
}
