import { z } from 'zod';
import { Temporal } from 'temporal-polyfill';
import type { AddressToSet } from '../store/patients.ts';
import { readPhone } from './phone.ts';
import type { FieldFault } from './problem.ts';

/** Fields of a person, as callers give them. */

/** Control characters would travel into messages; unpaired surrogates cannot be stored as UTF-8. */
const prose = (max: number) => z.string().trim().min(1).max(max).refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text.replaceAll('\n', '')), 'Remove control characters.');

/** On one line: it stands in the middle of sentences, and in a mail's head. */
export const name = prose(120).refine((text) => !text.includes('\n'), 'Write the name on one line.');
export const note = prose(2000);
export const sex = z.enum(['female', 'male', 'other', 'unknown']);
/** Said of what is no medical record number. */
export const mrnForm = 'Write 1 to 40 letters, digits or . / _ - signs.';
export const mrn = z
  .string()
  .transform((text) => text.normalize('NFKC').replaceAll(/\s/g, '').toUpperCase())
  .refine((text) => /^[A-Z0-9./_-]{1,40}$/.test(text), mrnForm)
  .meta({ description: 'Medical record number. Compared without regard to case, width and spaces.' });

export const birthDate = z
  .string()
  .refine(isBirthDate, 'Write a day that exists, not in the future and at most 130 years ago, as YYYY-MM-DD.')
  .meta({ format: 'date' });

function isBirthDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  try {
    const day = Temporal.PlainDate.from(text, { overflow: 'reject' });
    // Somewhere on earth it is tomorrow already.
    const latest = Temporal.Now.plainDateISO('Pacific/Kiritimati');
    return Temporal.PlainDate.compare(day, latest) <= 0 && Temporal.PlainDate.compare(day, latest.subtract({ years: 130 })) >= 0;
  } catch {
    return false;
  }
}

/** In the order in which they are tried. The texts are read one by one, so that one fault does not block the others. */
export const contactData = {
  phones: z.array(z.strictObject({ number: z.string().max(64), country: z.string().max(2).optional().meta({ description: 'ISO 3166 code, for a number without +.' }) })).max(5).optional(),
  emails: z.array(z.string().max(254)).max(5).optional(),
};

export interface ContactData {
  phones?: { number: string; country?: string | undefined }[] | undefined;
  emails?: string[] | undefined;
}

export function readContact({ phones = [], emails = [] }: ContactData): { addresses: AddressToSet[]; faults: FieldFault[] } {
  const addresses: AddressToSet[] = [];
  const faults: FieldFault[] = [];
  const add = (address: AddressToSet, pointer: string): void => {
    if (addresses.some((other) => other.kind === address.kind && other.value === address.value)) faults.push({ pointer, message: 'Remove this: it is listed above already.' });
    else addresses.push(address);
  };
  phones.forEach((phone, index) => {
    const read = readPhone(phone.number, phone.country);
    if (read.ok) add({ kind: 'phone', value: read.e164, rank: index + 1 }, `/phones/${index}`);
    else faults.push({ pointer: `/phones/${index}/number`, message: read.message });
  });
  emails.forEach((email, index) => {
    const mail = z.email().safeParse(email.trim().normalize('NFC').toLowerCase());
    if (mail.success) add({ kind: 'email', value: mail.data, rank: index + 1 }, `/emails/${index}`);
    else faults.push({ pointer: `/emails/${index}`, message: 'Write an e-mail address, such as name@example.org.' });
  });
  return { addresses, faults };
}
