import { z } from 'zod';

/** The small shapes that every part of the plan language is made of. */
export const isoDuration = z.string().regex(/^[+-]?P(?!$)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/, 'Write an ISO 8601 duration such as P3D, PT4H, -P1D or PT5S.');
export const positiveDuration = z.string().regex(/^P(?!$)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/, 'Write a positive ISO 8601 duration such as PT4H.');
export const localTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Write a local time as HH:MM, 24 hours.');
export const identifier = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Use lower-case letters, digits and hyphens, beginning with a letter.');
export const titles = z.strictObject({ en: z.string().min(1).max(120), zh: z.string().min(1).max(120).optional() });
export const texts = z.strictObject({ en: z.string().min(1).max(320), zh: z.string().min(1).max(320) });
export const condition = z.string().min(1).max(500);
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
