import { z } from 'zod';
import { problemsOf } from './openapi.ts';
import type { OutsideOperation } from './openapi.ts';
import { instant } from './schemas.ts';
import { credentials } from './sign-in.ts';

const tags: [string] = ['authentication process'];
/** It is a server of its own, by another port or path of the same host name. */
const servers = [{ url: '{authentication}', description: 'The authentication process.', variables: { authentication: { default: 'http://127.0.0.1:3003', description: 'Where it is served; this is what a laptop has.' } } }];
const json = <Schema extends z.ZodType>(schema: Schema) => ({ 'application/json': { schema } });

/** What programs call at the authentication process. Its page is for people, and its health is told as the API's. */
export const authOperations: readonly OutsideOperation[] = [
  {
    method: 'post', path: '/sign-in', tags, servers, summary: 'Sign in: a token for the API', security: [],
    description: 'After ten failures in a quarter of an hour an address or a login waits. Each sign-in, good or not, is in the ledger.',
    request: { body: { required: true, content: json(credentials) } },
    responses: { 200: { description: 'Done', content: json(z.object({ token: z.string(), expiresAt: instant })) }, ...problemsOf(['malformed-json', 'not-signed-in', 'too-large', 'wrong-media-type', 'invalid', 'too-many-requests', 'unavailable']) },
  },
  {
    method: 'post', path: '/sign-out', tags, servers, summary: 'Sign out: the token opens nothing any more', security: [{ bearer: [] }],
    responses: { 200: { description: 'Done', content: json(z.object({ signedOut: z.literal(true) })) }, ...problemsOf(['not-signed-in', 'unavailable']) },
  },
];
