import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** How the text of a key is read. Messages continue the key's name: "HTTP_PORT must be ...". */

export const text = z.string();

export function numberWithin(min: number, max: number, whole = true) {
  const range = `must be ${whole ? 'a whole' : 'a'} number from ${min} to ${max}`;
  return z
    .string()
    .transform(Number)
    .refine((value) => Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value)), range);
}

export const port = numberWithin(1, 65_535);

export const yesOrNo = z.stringbool({ truthy: ['true', 'yes', '1'], falsy: ['false', 'no', '0'], error: 'must be true or false' });

function isUrl(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}

export const postgresUrl = z.string().refine((value) => isUrl(value, ['postgres:', 'postgresql:']), 'must be postgres://login:password@host:port/database');
export const smtpUrl = z.string().refine((value) => isUrl(value, ['smtp:', 'smtps:']), 'must be smtp://host:port or smtps://login:password@host:port');
/** Without a slash at the end, so that paths are put behind it. */
export const httpUrl = z
  .string()
  .refine((value) => isUrl(value, ['http:', 'https:']), 'must be an address that begins with http:// or https://')
  .transform((value) => value.replace(/\/+$/, ''));
export const webOrigin = httpUrl.refine((value) => new URL(value).origin === value, 'must be an origin, such as https://temporal.example.org, without a path');
export const hostAndPort = z.string().regex(/^[^\s/:]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, 'must be host:port, without a scheme');
export const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a phone number in E.164 form, such as +12025550100');
export const mailbox = z.string().regex(/^(?:[^<>@\r\n]+<[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+)$/, 'must be a mailbox, such as Ward 3 <ward@example.org>');

/** An absolute path of a file that can be read now. */
export const readableFile = z
  .string()
  .transform((value) => path.resolve(value))
  .refine((value) => {
    try {
      accessSync(value, constants.R_OK);
      return true;
    } catch {
      return false;
    }
  }, 'names a file that cannot be read');

export const folder = z.string().transform((value) => path.resolve(value));

/** `file:<path>` is the one kind of key provider so far. */
export const keyProvider = z
  .string()
  .regex(/^file:.+$/, 'must be file:<path of the master key file>')
  .transform((value) => ({ kind: 'file' as const, path: path.resolve(value.slice('file:'.length)) }));
