import type { Request } from 'express';

/**
 * The browser's way to carry the token: a page's script cannot read it, other sites cannot send it, and it is for one host
 * name, whatever the port. So the sign-in page, the API and the Temporal UI of one host share it.
 */

/** By https no other host of the domain can have set it, which `__Host-` makes the browser vouch for. */
export function sessionCookieName(secure: boolean): string {
  return secure ? '__Host-carethread_session' : 'carethread_session';
}

/** `Set-Cookie` of a session that lasts until `expiresAt`. `secure`: the browser comes by https. */
export function sessionCookieOf(token: string, expiresAt: string, secure: boolean): string {
  return cookie(token, Math.max(0, Math.floor((Date.parse(expiresAt) - Date.now()) / 1000)), secure);
}

export function forgottenSessionCookie(secure: boolean): string {
  return cookie('', 0, secure);
}

function cookie(value: string, maxAgeSeconds: number, secure: boolean): string {
  return `${sessionCookieName(secure)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure ? '; Secure' : ''}`;
}

/** The token of the request's cookie; null where there is none of a token's form. */
export function readSessionCookie(request: Request, secure: boolean): string | null {
  const name = sessionCookieName(secure);
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
  return /^[\w-]{20,200}$/.test(value) ? value : null;
}
