import express from 'express';
import type { Express, Request, RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { z } from 'zod';
import { createGate } from '../store/gate.ts';
import { pingDatabase } from '../store/ping.ts';
import type { AuthDeps } from './auth-deps.ts';
import { errorHandler, nowhere, onlyMethods } from './errors.ts';
import { Problem, faultsOf } from './problem.ts';
import { requestLog } from './request-log.ts';
import { createSignInPage } from './sign-in-page.ts';
import { credentials, signIn } from './sign-in.ts';

/** Makes and ends sessions, and nothing else: the API cannot make any, and this cannot read a patient. */
export function createAuthApp({ sql, logger, settings }: AuthDeps): Express {
  const gate = createGate(sql);
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.set('trust proxy', settings.trustedProxies);
  app.use(requestLog(logger), helmet());
  const readJson = express.json({ limit: 8 * 1024, strict: true });
  const slowed = failureLimits(settings.failuresPerQuarterHour);

  app.post('/sign-in', readJson, ...slowed, async (request, response) => {
    response.locals['route'] = '/sign-in';
    response.setHeader('Cache-Control', 'no-store');
    const parsed = credentials.safeParse(request.body ?? {});
    if (!parsed.success) throw new Problem('invalid', 'Send { "login", "password" }.', { errors: faultsOf(parsed.error, '') });
    const session = await signIn(sql, settings.sessionSeconds, parsed.data);
    if (session === null) throw new Problem('not-signed-in', 'Login or password is wrong.');
    response.locals['actorId'] = session.personId;
    response.json({ token: session.token, expiresAt: session.expiresAt });
  });

  app.post('/sign-out', async (request, response) => {
    response.locals['route'] = '/sign-out';
    const token = /^Bearer ([\w-]{20,200})$/i.exec(request.get('authorization') ?? '')?.[1];
    if (token === undefined || !(await gate.signOut(token))) throw new Problem('not-signed-in', 'This token is unknown, over or signed out already.');
    response.json({ signedOut: true });
  });

  app.get('/healthz', (_request, response) => {
    response.json({ alive: true });
  });
  app.get('/readyz', async (_request, response) => {
    await pingDatabase(sql);
    response.json({ ready: true });
  });
  app.use(createSignInPage({ sql, settings, slowed }));
  for (const path of ['/sign-in', '/sign-out', '/enter', '/leave']) app.router.all(path, onlyMethods(['POST']));
  for (const path of ['/', '/healthz', '/readyz']) app.router.all(path, onlyMethods(['GET']));
  app.use(nowhere(settings.docsUrl));
  app.use(errorHandler(settings.docsUrl));
  return app;
}

/** Guessing is slowed by address and by login, over the page and the JSON together; only failures count. */
function failureLimits(limit: number): RequestHandler[] {
  const options = {
    windowMs: 15 * 60_000,
    limit,
    skipSuccessfulRequests: true,
    standardHeaders: 'draft-8' as const,
    legacyHeaders: false,
    handler: () => {
      throw new Problem('too-many-requests', 'Too many failed sign-ins. Wait a quarter of an hour, or ask an administrator.');
    },
  };
  return [rateLimit(options), rateLimit({ ...options, keyGenerator: (request: Request) => loginKeyOf(request.body) })];
}

/** In the form in which the login is looked up, or each way to write an accent would be guesses of its own. */
function loginKeyOf(body: unknown): string {
  return `login:${z.object({ login: z.string().max(200) }).safeParse(body).data?.login.normalize('NFC') ?? ''}`;
}
