import type { Remedy } from '../types.ts';

/** What helps after one of Twilio's error codes: for a refused request and for a failed delivery alike. Source: Twilio's error dictionary. */
const remedies: Readonly<Record<string, { remedy: Remedy; permanent: boolean }>> = {
  '21211': { remedy: 'fix-contact', permanent: true }, // invalid To
  '21214': { remedy: 'fix-contact', permanent: true }, // To cannot be called
  '21217': { remedy: 'fix-contact', permanent: true }, // not a phone number
  '21408': { remedy: 'fix-configuration', permanent: false }, // region not enabled
  '21602': { remedy: 'change-text', permanent: true }, // no body
  '21603': { remedy: 'fix-configuration', permanent: false }, // no From
  '21604': { remedy: 'fix-contact', permanent: true }, // no To
  '21606': { remedy: 'fix-configuration', permanent: false }, // From cannot send
  '21610': { remedy: 'respect-opt-out', permanent: true }, // recipient opted out at the provider
  '21612': { remedy: 'other-channel', permanent: true }, // no route to To
  '21614': { remedy: 'other-channel', permanent: true }, // not a mobile number
  '21617': { remedy: 'change-text', permanent: true }, // body too long
  '21635': { remedy: 'other-channel', permanent: true }, // landline
  '30003': { remedy: 'retry', permanent: false }, // unreachable handset, often transient
  '30004': { remedy: 'other-channel', permanent: true }, // blocked by the carrier
  '30005': { remedy: 'fix-contact', permanent: true }, // unknown destination
  '30006': { remedy: 'other-channel', permanent: true }, // landline or unreachable carrier
  '30007': { remedy: 'change-text', permanent: true }, // filtered: the same text would be filtered again
  '30008': { remedy: 'retry', permanent: false }, // unknown error
  '20003': { remedy: 'fix-configuration', permanent: false }, // credentials
  '20404': { remedy: 'fix-configuration', permanent: false },
  '20429': { remedy: 'wait', permanent: false }, // too many requests
};

/** The remedy of an error code. One that is not in the table may be any fault of the request: another channel, and a person sees it. */
export function remedyOf(code: string): { remedy: Remedy; permanent: boolean } {
  return remedies[code] ?? { remedy: 'other-channel', permanent: true };
}
