import express from 'express';
import type { Express, RequestHandler, Router } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { codecCors, codecPath } from './codec-cors.ts';
import type { ApiDeps } from './deps.ts';
import { errorHandler, nowhere } from './errors.ts';
import type { ApiMetrics } from './metrics.ts';
import { mountRoutes } from './mount.ts';
import { Problem } from './problem.ts';
import { requestLog } from './request-log.ts';
import { allRoutes } from './routes/index.ts';

/** Routers that answer others than staff: they check their callers in their own way. */
export interface OutsideRouters {
  /** Mounted at /webhooks. */
  webhooks?: Router;
  /** Mounted at /u. */
  unsubscribe?: Router;
}

export function createApp(deps: ApiDeps, metrics: ApiMetrics, outside: OutsideRouters = {}): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', deps.settings.trustedProxies);
  // Flat strings only: what comes in a query is parsed by a schema, and nested objects have no place there.
  app.set('query parser', 'simple');
  app.use(requestLog(deps.logger), metrics.middleware, helmet(helmetOptions));
  // The provider and patients are not to be counted with staff: a burst of callbacks must not be refused.
  if (outside.webhooks !== undefined) app.use('/webhooks', templated('/webhooks'), outside.webhooks);
  if (outside.unsubscribe !== undefined) app.use('/u', templated('/u'), outside.unsubscribe);
  app.use(limitRequests(deps.settings.requestsPerMinute));
  app.use(codecPath, codecCors(deps.settings.temporalUiOrigin));
  app.use(mountRoutes(allRoutes, deps));
  app.use(nowhere);
  app.use(errorHandler);
  return app;
}

const helmetOptions: Parameters<typeof helmet>[0] = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], styleSrc: ["'self'", "'unsafe-inline'"], scriptSrc: ["'self'"], imgSrc: ["'self'"], connectSrc: ["'self'"], baseUri: ["'none'"], formAction: ["'self'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: 'no-referrer' },
};

/** Probes are not counted: an orchestrator would restart a busy process. */
export function limitRequests(perMinute: number): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    skip: (request) => request.path === '/healthz' || request.path === '/readyz',
    handler: () => {
      throw new Problem('too-many-requests', 'Wait a minute, then go on more slowly.');
    },
  });
}

/** Until the router itself says which route it was. */
function templated(route: string): RequestHandler {
  return (_request, response, next) => {
    response.locals['route'] = route;
    next();
  };
}
