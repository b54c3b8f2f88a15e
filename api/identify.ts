import type { Request } from 'express';
import type { Session } from '../store/gate.ts';
import type { ApiDeps } from './deps.ts';
import { codecPath } from './codec-cors.ts';
import { Problem } from './problem.ts';

/** The browser's way to carry the token: a page's script cannot read it, and other sites cannot send it. */
export const sessionCookie = 'carethread_session';

const notSignedIn = 'Sign in, and send the token as "Authorization: Bearer <token>", or get the cookie from POST /v1/session.';

interface Caller {
  token: string;
  session: Session;
}

/** Callers whose request was counted before it reached its route: they are asked for once. */
const known = new WeakMap<Request, Caller>();

/** Who asks. Throws a 401 in words when the token is missing, unknown, over or revoked; the gate's ledger holds its uses. */
export async function identify(request: Request, deps: ApiDeps): Promise<Caller> {
  const found = known.get(request);
  if (found !== undefined) return found;
  const token = tokenOf(request, deps);
  if (token === null) throw new Problem('not-signed-in', notSignedIn);
  const session = await deps.gate.whoami(token);
  if (session === null) throw new Problem('not-signed-in', 'This token is unknown, over or signed out. Sign in again.');
  const caller = { token, session };
  known.set(request, caller);
  return caller;
}

function tokenOf(request: Request, deps: ApiDeps): string | null {
  const bearer = /^Bearer ([\w-]{20,200})$/.exec(request.get('authorization') ?? '');
  if (bearer?.[1] !== undefined) return bearer[1];
  const cookie = cookieOf(request, sessionCookie);
  if (cookie !== null) refuseForeignOrigin(request, deps);
  return cookie;
}

function cookieOf(request: Request, name: string): string | null {
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  return /^[\w-]{20,200}$/.test(value) ? value : null;
}

/** SameSite keeps other sites out; this keeps out other origins of the same site, save the Temporal UI at the codec server. */
function refuseForeignOrigin(request: Request, { settings }: ApiDeps): void {
  const origin = request.get('origin');
  if (origin === undefined || (origin === settings.temporalUiOrigin && request.path.startsWith(codecPath))) return;
  if (!URL.canParse(origin) || new URL(origin).host !== request.get('host')) throw new Problem('wrong-origin', 'Ask from a page of this server, or use a bearer token.');
}
