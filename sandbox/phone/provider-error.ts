import type { ApiResponse } from './http.ts';

const errors = {
  20001: [400, 'Invalid parameter'],
  20003: [401, 'Authenticate'],
  20004: [405, 'Method not allowed'],
  20009: [409, 'Cannot change or delete this resource before it is complete'],
  20404: [404, 'The requested resource was not found'],
  20429: [429, 'Too Many Requests'],
  20500: [500, 'An internal server error has occurred'],
  21201: [400, "No 'To' number is specified"],
  21205: [400, "Url parameter is required and must be a valid URL"],
  21210: [400, "'From' phone number not verified"],
  21211: [400, "Invalid 'To' Phone Number"],
  21212: [400, "Invalid 'From' Number"],
  21213: [400, "No 'From' number is specified"],
  21214: [400, "'To' phone number cannot be reached"],
  21217: [400, 'Phone number does not appear to be valid'],
  21218: [400, 'Invalid TwiML'],
  21220: [400, 'Call is not in-progress. Cannot redirect.'],
  21408: [400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"],
  21602: [400, 'Message body is required.'],
  21603: [400, "A 'From' phone number is required."],
  21604: [400, "A 'To' phone number is required."],
  21606: [400, "The 'From' phone number provided is not a valid, message-capable phone number"],
  21609: [400, "The 'StatusCallback' URL is not a valid URL"],
  21610: [400, 'Attempt to send to unsubscribed recipient'],
  21612: [400, "Message cannot be sent with the current combination of 'To' and/or 'From' parameters"],
  21614: [400, "'To' number is not a valid mobile number"],
  21617: [400, 'The concatenated message body exceeds the 1600 character limit'],
  21626: [400, "The 'StatusCallbackEvent' parameter is invalid"],
  21635: [400, "'To' number cannot be a landline"],
  30409: [400, 'Message is not in a state that can be canceled'],
} as const satisfies Record<number, readonly [number, string]>;

export type ProviderErrorCode = keyof typeof errors;

export const isProviderErrorCode = (code: number | undefined): code is ProviderErrorCode => code !== undefined && code in errors;

/** A refusal in the provider's own words; thrown by any handler of its API. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code: ProviderErrorCode;
  constructor(code: ProviderErrorCode, detail?: string) {
    super(detail ?? errors[code][1]);
    this.code = code;
  }

  /** The provider's error JSON, as twilio-node turns it into a RestException. */
  response(headers: Record<string, string> = {}): ApiResponse {
    const status = errors[this.code][0];
    const json = { code: this.code, message: this.message, more_info: `https://www.twilio.com/docs/errors/${this.code}`, status };
    return { status, json, headers };
  }
}

export const notFound = (path: string): ProviderError => new ProviderError(20404, `The requested resource ${path} was not found`);

/** What the carrier told, by the code that a status callback bears. */
export const carrierErrors: Record<number, string> = {
  30003: 'Unreachable destination handset',
  30004: 'Message blocked',
  30005: 'Unknown destination handset',
  30006: 'Landline or unreachable carrier',
  30007: 'Message filtered',
  30008: 'Unknown error',
  21610: 'Attempt to send to unsubscribed recipient',
};

export const isCarrierError = (code: number | undefined): code is number => code !== undefined && code in carrierErrors;
