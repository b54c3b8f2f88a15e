import { createHash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import type { Options } from 'express-rate-limit';
import type { ApiDeps } from './deps.ts';
import { identify, tokenOf } from './identify.ts';
import { createPlaces } from './places.ts';
import { Problem } from './problem.ts';

const slower = 'Wait a minute, then go on more slowly.';

/**
 * Each session has a minute's share of its own, whatever its address; who has none shares the smaller one of the address. So
 * a flood of strangers keeps out no staff, not even from behind the same proxy. Probes are not counted: an orchestrator
 * would restart a busy process.
 */
export function limitRequests(deps: ApiDeps): RequestHandler {
  const sessionKeyOf = sessionKeys(deps);
  const keys = new WeakMap<Request, string>();
  const ofSession = limiter({ limit: deps.settings.requestsPerMinute, keyGenerator: (request) => String(keys.get(request)) });
  const ofAddress = limiter({ limit: deps.settings.anonymousRequestsPerMinute });
  return async (request, response, next) => {
    if (request.path === '/healthz' || request.path === '/readyz') {
      next();
      return;
    }
    const key = await sessionKeyOf(request);
    if (key !== null) keys.set(request, key);
    await passes(key === null ? ofAddress : ofSession, request, response);
    next();
  };
}

/** Sessions seen of late, at most: many times what a hospital's staff have. */
const seenAtMost = 10_000;

/**
 * Answers with what a request's session is counted by, or null for whoever has none; why not is the route's to say. A session that was seen before is not looked
 * up for this. Tokens that nobody has seen are, a few at a time and of one address one after the other: a flood of made-up ones never has the database's connections
 * that staff and the provider's webhooks need. Where more come than are looked up, some are refused, among them staff whom this process has not seen yet: they try again.
 */
function sessionKeys(deps: ApiDeps): (request: Request) => Promise<string | null> {
  const seen = new Set<string>();
  const lookUps = createPlaces({ atOnce: 2, eachAtMost: 20, yours: slower, busy: slower, retryAfterSeconds: 5 });
  return async (request) => {
    const token = tokenIn(request, deps);
    if (token === null) return null;
    const key = createHash('sha256').update(token).digest('base64url');
    if (!seen.has(key)) {
      const session = await lookUps.within(ipKeyGenerator(request.ip ?? ''), () => identify(request, deps).catch(() => null));
      if (session === null) return null;
    }
    // Put last; the one that was not seen for longest goes first.
    seen.delete(key);
    seen.add(key);
    for (const oldest of seen) {
      if (seen.size <= seenAtMost) break;
      seen.delete(oldest);
    }
    return key;
  };
}

function tokenIn(request: Request, deps: ApiDeps): string | null {
  try {
    return tokenOf(request, deps);
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
      throw new Problem('too-many-requests', slower);
    },
    ...options,
  });
}

function passes(limit: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void limit(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error instanceof Error ? error : new Error('The request could not be counted.', { cause: error }))));
  });
}
