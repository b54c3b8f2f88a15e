import express from 'express';
import type { Express, Request } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { z } from 'zod';
import type { Logger } from '../config/logger.ts';
import type { Sql } from '../store/connect.ts';
import { createGate } from '../store/gate.ts';
import { createSession, findPersonForSignIn, revokeSession } from '../store/people.ts';
import { pingDatabase } from '../store/ping.ts';
import { errorHandler, nowhere } from './errors.ts';
import { isPassword, nobodysHash } from './passwords.ts';
import { Problem, faultsOf } from './problem.ts';
import { requestLog } from './request-log.ts';

export interface AuthDeps {
  /** As login ct_auth. */
  sql: Sql;
  logger: Logger;
  settings: AuthSettings;
}

export interface AuthSettings {
  /** How long a session lasts. */
  sessionSeconds: number;
  /** Failed sign-ins that one address, and likewise one login, may make in a quarter of an hour. */
  failuresPerQuarterHour: number;
  trustedProxies: number;
}

const signIn = z.strictObject({ login: z.string().min(1).max(200), password: z.string().min(1).max(1024) });

/** Makes and ends sessions, and nothing else: the API cannot make any, and this cannot read a patient. */
export function createAuthApp({ sql, logger, settings }: AuthDeps): Express {
  const gate = createGate(sql);
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', settings.trustedProxies);
  app.use(requestLog(logger), helmet());
  const readJson = express.json({ limit: 8 * 1024, strict: true });

  app.post('/sign-in', readJson, ...failureLimits(settings.failuresPerQuarterHour), async (request, response) => {
    response.locals['route'] = '/sign-in';
    response.setHeader('Cache-Control', 'no-store');
    const parsed = signIn.safeParse(request.body ?? {});
    if (!parsed.success) throw new Problem('invalid', 'Send { "login", "password" }.', { errors: faultsOf(parsed.error, '') });
    const { login, password } = parsed.data;
    const person = await findPersonForSignIn(sql, login.normalize('NFC'));
    // The same work whether or not the login is known, and the same answer.
    const isRight = await isPassword(password, person?.passwordHash ?? nobodysHash);
    if (person === null || !person.active || person.passwordHash === null || !isRight) {
      await gate.noteSignIn(login, 'refused', person === null ? 'unknown-login' : person.active ? 'wrong-password' : 'inactive');
      throw new Problem('not-signed-in', 'Login or password is wrong.');
    }
    await gate.noteSignIn(login, 'allowed', null);
    response.locals['actorId'] = person.personId;
    response.json(await createSession(sql, person.personId, settings.sessionSeconds));
  });

  app.post('/sign-out', async (request, response) => {
    response.locals['route'] = '/sign-out';
    const token = /^Bearer ([\w-]{20,200})$/.exec(request.get('authorization') ?? '')?.[1];
    if (token === undefined || !(await revokeSession(sql, token))) throw new Problem('not-signed-in', 'This token is unknown, over or signed out already.');
    response.json({ signedOut: true });
  });

  app.get('/healthz', (_request, response) => {
    response.json({ alive: true });
  });
  app.get('/readyz', async (_request, response) => {
    await pingDatabase(sql);
    response.json({ ready: true });
  });
  app.use(nowhere);
  app.use(errorHandler);
  return app;
}

/** Guessing is slowed by address and by login; only failures count. */
function failureLimits(limit: number) {
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

function loginKeyOf(body: unknown): string {
  return `login:${z.object({ login: z.string().max(200) }).safeParse(body).data?.login ?? ''}`;
}
