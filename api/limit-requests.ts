import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Options } from 'express-rate-limit';
import type { ApiDeps } from './deps.ts';
import { identify } from './identify.ts';
import { Problem } from './problem.ts';

/**
 * Each session has a minute's share of its own, whatever its address; who has none shares the smaller one of the address. So
 * a flood of strangers keeps out no staff, not even from behind the same proxy. Probes are not counted: an orchestrator
 * would restart a busy process.
 */
export function limitRequests(deps: ApiDeps): RequestHandler {
  const sessionKeys = new WeakMap<Request, string>();
  const ofSession = limiter({ limit: deps.settings.requestsPerMinute, keyGenerator: (request) => String(sessionKeys.get(request)) });
  const ofAddress = limiter({ limit: deps.settings.anonymousRequestsPerMinute });
  return async (request, response, next) => {
    if (request.path === '/healthz' || request.path === '/readyz') {
      next();
      return;
    }
    const sessionKey = await sessionKeyOf(request, deps);
    if (sessionKey !== null) sessionKeys.set(request, sessionKey);
    await passes(sessionKey === null ? ofAddress : ofSession, request, response);
    next();
  };
}

/** Null for whoever has no session. Why not is the route's to say. */
async function sessionKeyOf(request: Request, deps: ApiDeps): Promise<string | null> {
  try {
    const { token } = await identify(request, deps);
    return createHash('sha256').update(token).digest('base64url');
  } catch {
    return null;
  }
}

function limiter(options: Partial<Options>): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: () => {
      throw new Problem('too-many-requests', 'Wait a minute, then go on more slowly.');
    },
    ...options,
  });
}

function passes(limit: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void limit(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error instanceof Error ? error : new Error('The request could not be counted.', { cause: error }))));
  });
}
