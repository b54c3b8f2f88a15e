import { z } from 'zod';
import { channels, languages } from '../domain/codes.ts';
import { isTimeZone } from '../domain/time/instants.ts';
import { writtenZone } from '../domain/time/zone-names.ts';

/** Types that several resources share. Messages tell the caller what to write. */

export const id = z.uuid('Write the id as it was given: a UUID.').meta({ description: 'Opaque id (UUID).' });
export const instant = z.string().meta({ format: 'date-time', description: 'Instant, ISO 8601 UTC.' });
export const code = z.string().regex(/^[a-z0-9][a-z0-9./_-]{0,79}$/i, 'Write a code: letters, digits, and . / _ - (at most 80).');
export const department = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Write a department\'s id: lower-case letters, digits and hyphens.');
export const rota = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Write a rota\'s role: lower-case letters, digits and hyphens.');
export const planId = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Write a plan\'s id: lower-case letters, digits and hyphens.');
/** By its city, as `gate.is_zone` wants it, which knows of no field: an abbreviation or a fixed offset (`EST`, `Etc/GMT+5`) knows no summer time. */
export const zone = z
  .string()
  .max(64)
  .transform(writtenZone)
  .refine((name) => /^(UTC|[A-Z][A-Za-z_]+\/[A-Za-z0-9_+-]+(\/[A-Za-z_-]+)?)$/.test(name) && !name.startsWith('Etc/GMT') && isTimeZone(name), 'Write an IANA time zone by region and city, such as Asia/Shanghai.');
export const language = z.enum(languages);
export const channel = z.enum(channels);

/** On what a department has of a patient, who may have left its care. */
export const nameInCare = z.string().nullable().meta({ description: 'Null once the patient has left your departments\' care.' });

export const titles = z.object({ en: z.string(), zh: z.string().optional() });

const howMany = 'Write a whole number from 1 to 200.';
/** How many of a list at once. */
export const pageLimit = z.coerce.number(howMany).int(howMany).min(1, howMany).max(200, howMany).default(50);

/** Query of every list: an opaque cursor from the page before, and how many. */
export const pageQuery = {
  cursor: z.string().max(400).optional().meta({ description: '`nextCursor` of the page before.' }),
  limit: pageLimit,
};

/** Of lists that are read from end to end, such as a record: as many at once as there may be. */
export const longPageQuery = { ...pageQuery, limit: pageLimit.default(200) };

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}
