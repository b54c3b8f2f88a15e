import { z } from 'zod';
import { roles } from '../../domain/codes.ts';
import { sessionCookie } from '../identify.ts';
import { Problem } from '../problem.ts';
import { openRoute, route } from '../route.ts';
import type { Route } from '../route.ts';
import { instant } from '../schemas.ts';

const tag = 'session';
const who = z.object({ personId: z.uuid(), displayName: z.string(), roles: z.array(z.enum(roles)), departments: z.array(z.string()), expiresAt: instant }).meta({ id: 'Session' });
const token = z.string().regex(/^[\w-]{20,200}$/, 'Send the token that POST /sign-in of the authentication process gave.');

export const sessionRoutes: readonly Route[] = [
  openRoute(
    {
      method: 'post', path: '/v1/session', tag, summary: 'Put a token into a cookie, for browsers', description: 'The token comes from the authentication process. The cookie is HttpOnly and SameSite=Strict.',
      body: z.strictObject({ token }), answer: who, problems: ['not-signed-in'],
    },
    async ({ deps, body, setHeader }) => {
      const session = await deps.gate.whoami(body.token);
      if (session === null) throw new Problem('not-signed-in', 'This token is unknown, over or signed out. Sign in again.');
      setHeader('Set-Cookie', cookie(body.token, deps.settings.secureCookie, Math.floor((Date.parse(session.expiresAt) - Date.now()) / 1000)));
      return session;
    },
  ),
  route('signed-in', { method: 'get', path: '/v1/session', tag, summary: 'Who is signed in', answer: who }, ({ session }) => Promise.resolve(session)),
  route('signed-in', { method: 'delete', path: '/v1/session', tag, summary: 'Forget the cookie', description: 'POST /sign-out of the authentication process ends the session itself.', keyed: false, answer: z.object({ forgotten: z.literal(true) }) }, ({ deps, setHeader }) => {
    setHeader('Set-Cookie', cookie('', deps.settings.secureCookie, 0));
    return Promise.resolve({ forgotten: true as const });
  }),
];

function cookie(value: string, secure: boolean, maxAgeSeconds: number): string {
  return `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${Math.max(0, maxAgeSeconds)}${secure ? '; Secure' : ''}`;
}
