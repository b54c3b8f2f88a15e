import parsePhoneNumber, { isSupportedCountry } from 'libphonenumber-js/max';

export type ReadPhone = { ok: true; e164: string } | { ok: false; message: string };

/** A phone number as people write it, in E.164. `country` (ISO 3166, such as CN) is where a number without + is from. */
export function readPhone(written: string, country: string | undefined): ReadPhone {
  if (country !== undefined && !isSupportedCountry(country)) return { ok: false, message: 'Write the country as two letters, such as CN or US.' };
  const parsed = parsePhoneNumber(written.normalize('NFKC'), { extract: false, ...(country === undefined ? {} : { defaultCountry: country }) });
  if (parsed === undefined) return { ok: false, message: 'Write the number with + and its country code, such as +1 202 555 0100, or say its country.' };
  if (!parsed.isValid()) return { ok: false, message: 'This number does not exist in its country: count the digits.' };
  return { ok: true, e164: parsed.number };
}
