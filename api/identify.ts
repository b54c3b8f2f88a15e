import type { Request } from 'express';
import type { Session } from '../store/gate.ts';
import type { ApiDeps } from './deps.ts';
import { codecPath } from './codec-cors.ts';
import { Problem } from './problem.ts';
import { readSessionCookie } from './session-cookie.ts';

const notSignedIn = 'Sign in, and send the token as "Authorization: Bearer <token>", or get the cookie from the sign-in page.';

interface Caller {
  token: string;
  session: Session;
}

/** What came of asking, by request: one that was counted before it reached its route is asked about once, a stranger's too. */
const answers = new WeakMap<Request, Promise<Caller>>();

/** Who asks. Throws a 401 in words when the token is missing, unknown, over or revoked; the gate's ledger holds its uses. */
export function identify(request: Request, deps: ApiDeps): Promise<Caller> {
  const answer = answers.get(request) ?? ask(request, deps);
  answers.set(request, answer);
  return answer;
}

async function ask(request: Request, deps: ApiDeps): Promise<Caller> {
  const token = tokenOf(request, deps);
  if (token === null) throw new Problem('not-signed-in', notSignedIn);
  const session = await deps.gate.whoami(token);
  if (session === null) throw new Problem('not-signed-in', 'This token is unknown, over or signed out. Sign in again.');
  return { token, session };
}

/** The token that a request brings, whosever it may be; null without one. Throws a 403 where a cookie comes from a page of somebody else's. */
export function tokenOf(request: Request, deps: ApiDeps): string | null {
  const bearer = /^Bearer ([\w-]{20,200})$/i.exec(request.get('authorization') ?? '');
  if (bearer?.[1] !== undefined) return bearer[1];
  const cookie = readSessionCookie(request, deps.settings.secureCookie);
  if (cookie !== null) refuseForeignOrigin(request, deps);
  return cookie;
}

/** SameSite keeps other sites out; this keeps out other origins of the same site, save the Temporal UI at the codec server. */
function refuseForeignOrigin(request: Request, { settings }: ApiDeps): void {
  const origin = request.get('origin');
  if (origin === undefined || (origin === settings.temporalUiOrigin && request.path.startsWith(codecPath))) return;
  // By https also the scheme counts: a page of the same name that was served in the open is somebody else's.
  const isOurs = URL.canParse(origin) && new URL(origin).host === request.get('host') && (!settings.secureCookie || origin.startsWith('https:'));
  if (!isOurs) throw new Problem('wrong-origin', 'Ask from a page of this server, or use a bearer token.');
}
