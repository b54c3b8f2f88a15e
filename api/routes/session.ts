import { z } from 'zod';
import { roles } from '../../domain/codes.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { instant } from '../schemas.ts';
import { forgottenSessionCookie } from '../session-cookie.ts';

const tag = 'session';
const who = z.object({ personId: z.uuid(), displayName: z.string(), roles: z.array(z.enum(roles)), departments: z.array(z.string()), expiresAt: instant }).meta({ id: 'Session' });

export const sessionRoutes: readonly Route[] = [
  route('signed-in', { method: 'get', path: '/v1/session', tag, summary: 'Who is signed in', answer: who }, ({ session }) => Promise.resolve(session)),
  route('signed-in', { method: 'delete', path: '/v1/session', tag, summary: 'Sign out: the token opens nothing any more', description: 'Ends the session itself, wherever its token is kept, and forgets the cookie.', keyed: false, answer: z.object({ signedOut: z.literal(true) }) }, async ({ deps, token, setHeader }) => {
    setHeader('Set-Cookie', forgottenSessionCookie(deps.settings.secureCookie));
    await deps.gate.signOut(token);
    return { signedOut: true as const };
  }),
];
