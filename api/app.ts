import express from 'express';
import type { Express, RequestHandler, Router } from 'express';
import helmet from 'helmet';
import { codecCors, codecPath } from './codec-cors.ts';
import type { ApiDeps } from './deps.ts';
import { docsPath, errorHandler, nowhere } from './errors.ts';
import { limitRequests } from './limit-requests.ts';
import type { ApiMetrics } from './metrics.ts';
import { mountRoutes } from './mount.ts';
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
  app.use(limitRequests(deps));
  app.use(codecPath, codecCors(deps.settings.temporalUiOrigin));
  app.use(mountRoutes(allRoutes, deps));
  app.use(nowhere(docsPath));
  app.use(errorHandler(docsPath));
  return app;
}

const helmetOptions: Parameters<typeof helmet>[0] = {
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], styleSrc: ["'self'", "'unsafe-inline'"], scriptSrc: ["'self'"], imgSrc: ['data:'], connectSrc: ["'self'"], baseUri: ["'none'"], formAction: ["'self'"], frameAncestors: ["'none'"] } },
  referrerPolicy: { policy: 'no-referrer' },
};

/** Which route it was, as its template, is known once it has answered; until then, and for what none takes, `base`. */
function templated(base: string): RequestHandler {
  return (request, response, next) => {
    response.locals['route'] = base;
    // Ahead of those who log and measure it.
    response.prependOnceListener('finish', () => {
      const { route } = request as { route?: { path?: unknown } };
      if (typeof route?.path === 'string') response.locals['route'] = `${request.baseUrl}${route.path.replaceAll(/:(\w+)/g, '{$1}')}`;
    });
    next();
  };
}
