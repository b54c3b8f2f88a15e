import express, { Router } from 'express';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import helmet from 'helmet';
import { z } from 'zod';
import { languages } from '../domain/codes.ts';
import type { Language } from '../domain/codes.ts';
import type { Sql } from '../store/connect.ts';
import { createGate } from '../store/gate.ts';
import type { AuthSettings } from './auth-deps.ts';
import { toProblem } from './errors.ts';
import { Problem } from './problem.ts';
import { forgottenSessionCookie, readSessionCookie, sessionCookieOf } from './session-cookie.ts';
import { credentials, signIn } from './sign-in.ts';
import { signInMarkup, styleHash } from './sign-in-markup.ts';
import type { Fault, SignInView } from './sign-in-markup.ts';

export interface SignInPageDeps {
  /** As login ct_auth. */
  sql: Sql;
  settings: AuthSettings;
  /** Slows guessing; shared with the JSON sign-in. */
  slowed: readonly RequestHandler[];
}

const text = z.string().max(2048).optional().catch(undefined);
const inAddress = z.object({ language: z.enum(languages).optional().catch(undefined), return: text });
const inForm = inAddress.extend({ login: text, password: text });

/**
 * The page where a person signs in with a browser: two fields, or who is signed in and a button to end it. Without scripts;
 * the token goes into a cookie that no script reads and into no address. Its addresses are relative, for a proxy may put it under a path.
 */
export function createSignInPage({ sql, settings, slowed }: SignInPageDeps): Router {
  const gate = createGate(sql);
  const router = Router({ caseSensitive: true, strict: true });
  const readForm = express.urlencoded({ extended: false, limit: 16 * 1024 });
  const strictly = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      // The browser holds a form's redirect to form-action too.
      directives: { defaultSrc: ["'none'"], styleSrc: [styleHash], imgSrc: ['data:'], formAction: ["'self'", ...settings.returnOrigins], baseUri: ["'none'"], frameAncestors: ["'none'"] },
    },
    // With no referrer at all the browser would not name the form's origin either, which is checked below.
    referrerPolicy: { policy: 'same-origin' },
  });

  /** What was asked for, as nobody who is signed in. */
  const viewOf = (request: Request, fault: Fault | null = null): SignInView => {
    const { language, login = '', return: wanted } = askedOf(request);
    return { language: language ?? accepted(request), session: null, login, fault, returnTo: allowedReturn(wanted, settings.returnOrigins), temporalUiOrigin: settings.temporalUiOrigin };
  };
  const show = (response: Response, status: number, view: SignInView): void => {
    response.status(status).type('html').send(signInMarkup(view));
  };
  const endSession = async (request: Request): Promise<void> => {
    const token = readSessionCookie(request, settings.secureCookie);
    if (token !== null) await gate.signOut(token);
  };
  const failed: ErrorRequestHandler = (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const problem = toProblem(error);
    if (problem.status >= 500) request.log.error({ err: problem.cause ?? problem }, 'a request failed');
    show(response, problem.status, viewOf(request, faultOf(problem)));
  };

  router.get('/', named('/'), strictly, async (request, response) => {
    const token = readSessionCookie(request, settings.secureCookie);
    show(response, 200, { ...viewOf(request), session: token === null ? null : await gate.whoami(token) });
  });
  router.post('/enter', named('/enter'), strictly, fromThisPage(settings.secureCookie), readForm, ...slowed, async (request, response) => {
    const { login, password } = askedOf(request);
    const typed = credentials.safeParse({ login, password });
    if (!typed.success) {
      show(response, 422, viewOf(request, 'missing'));
      return;
    }
    const session = await signIn(sql, settings.sessionSeconds, typed.data);
    if (session === null) {
      show(response, 401, viewOf(request, 'wrong'));
      return;
    }
    response.locals['actorId'] = session.personId;
    // One browser has one session: the one before, perhaps another person's, does not lie on unseen.
    await endSession(request);
    const { language, returnTo } = viewOf(request);
    response.setHeader('Set-Cookie', sessionCookieOf(session.token, session.expiresAt, settings.secureCookie));
    response.redirect(303, returnTo ?? `./?language=${language}`);
  });
  router.post('/leave', named('/leave'), strictly, fromThisPage(settings.secureCookie), readForm, async (request, response) => {
    await endSession(request);
    response.setHeader('Set-Cookie', forgottenSessionCookie(settings.secureCookie));
    response.redirect(303, `./?language=${viewOf(request).language}`);
  });
  router.use(failed);
  return router;
}

/** From the form, or from the link that led here; a login or a password in an address is not read. */
function askedOf(request: Request): z.output<typeof inForm> {
  return request.method === 'POST' ? inForm.parse(request.body ?? {}) : inAddress.parse(request.query);
}

function named(route: string): RequestHandler {
  return (_request, response, next) => {
    response.locals['route'] = route;
    response.setHeader('Cache-Control', 'no-store');
    next();
  };
}

/** Another page cannot sign its visitor in as somebody else, nor out: the browser says where the form stood. */
function fromThisPage(secure: boolean): RequestHandler {
  return (request, _response, next) => {
    const origin = request.get('origin');
    const isOurs = origin !== undefined && URL.canParse(origin) && new URL(origin).host === request.get('host') && (!secure || origin.startsWith('https:'));
    if (!isOurs) throw new Problem('wrong-origin', 'Open the sign-in page and use its form.');
    next();
  };
}

/** The address to lead on to, if it is on one of these origins; anything else could be a trap in a link that was sent. */
function allowedReturn(wanted: string | undefined, origins: readonly string[]): string | null {
  if (wanted === undefined || !URL.canParse(wanted)) return null;
  const url = new URL(wanted);
  // A blob of an allowed origin has that origin too, and is no page of it.
  return /^https?:$/.test(url.protocol) && origins.includes(url.origin) && url.username === '' && url.password === '' ? url.href : null;
}

function accepted(request: Request): Language {
  return request.acceptsLanguages('en', 'zh') === 'zh' ? 'zh' : 'en';
}

function faultOf(problem: Problem): Fault {
  switch (problem.code) {
    case 'too-many-requests':
      return 'too-many';
    case 'wrong-origin':
      return 'foreign';
    default:
      return problem.status >= 500 ? 'unavailable' : 'missing';
  }
}
