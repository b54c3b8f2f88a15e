import twilio from 'twilio';

export type SignatureVerdict = 'valid' | 'missing' | 'wrong';

/**
 * Checks a webhook by the library's own validation. `url` is the public URL that the provider called, with its query:
 * behind a proxy the request's own host is another. `params` are the raw form fields.
 */
export function checkSignature(authToken: string, signature: string | undefined, url: string, params: Record<string, string>): SignatureVerdict {
  if (signature === undefined || signature === '') return 'missing';
  return twilio.validateRequest(authToken, signature, url, params) ? 'valid' : 'wrong';
}
