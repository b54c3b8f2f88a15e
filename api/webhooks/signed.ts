import express from 'express';
import type { RequestHandler } from 'express';
import { checkSignature } from '../../providers/twilio/signature.ts';
import type { InboundSettings } from '../inbound/deps.ts';
import { Problem } from '../problem.ts';

const limit = '64kb';

/**
 * Lets through what the provider has signed: the raw form, under the public URL that the provider knows us by. 403 to everybody
 * else, whether the signature is wrong or none is there.
 */
export function signedForm(settings: Pick<InboundSettings, 'publicUrl' | 'twilioAuthToken'>): RequestHandler[] {
  const check: RequestHandler = (request, _response, next) => {
    const verdict = checkSignature(settings.twilioAuthToken, request.get('x-twilio-signature'), `${settings.publicUrl}${request.originalUrl}`, formOf(request.body));
    switch (verdict) {
      case 'valid':
        next();
        return;
      case 'missing':
        throw new Problem('wrong-signature', 'This address takes signed webhooks of the telephone provider only.');
      case 'wrong':
        throw new Problem('wrong-signature', 'The signature is not that of the telephone provider. Check TWILIO_AUTH_TOKEN and PUBLIC_URL.');
    }
  };
  return [express.urlencoded({ extended: false, limit }), check];
}

/** The form's fields; of one that is repeated the last, as the provider never repeats any. */
export function formOf(body: unknown): Record<string, string> {
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(Object.entries(body).map(([name, value]: [string, unknown]) => [name, String(Array.isArray(value) ? value.at(-1) : value)]));
}
