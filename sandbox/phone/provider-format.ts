import { randomBytes } from 'node:crypto';
import { SegmentedMessage } from 'sms-segments-calculator';

/** A provider's id: two letters for the kind and 32 hex digits. */
export const newSid = (prefix: 'SM' | 'CA' | 'RE' | 'PA'): string => prefix + randomBytes(16).toString('hex');

/** RFC 2822 as the provider writes it: `Fri, 24 May 2019 17:44:46 +0000`. */
export const rfc2822 = (instant: number): string => new Date(instant).toUTCString().replace('GMT', '+0000');

export const dateOrNull = (instant: number | null): string | null => (instant === null ? null : rfc2822(instant));

/** E.164, the only form of number that this network carries. */
export const isPhoneNumber = (text: string): boolean => /^\+[1-9]\d{6,14}$/.test(text);

/** `(202) 555-0101` for North America, else the number itself. */
export const formatNumber = (number: string): string => {
  const local = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number);
  return local === null ? number : `(${String(local[1])}) ${String(local[2])}-${String(local[3])}`;
};

export const countSegments = (body: string): number => (body === '' ? 1 : new SegmentedMessage(body).segmentsCount);

/** The country that the provider names in its posts, for the prefixes that the samples use. */
export const countryOf = (number: string): string => {
  if (number.startsWith('+1')) return 'US';
  if (number.startsWith('+86')) return 'CN';
  if (number.startsWith('+91')) return 'IN';
  return number.startsWith('+44') ? 'GB' : '';
};
