import { defineProcess, key, secretKey } from './load.ts';
import type { ConfigOf } from './load.ts';
import { httpKeys, processKeys } from './shared.ts';
import { httpUrl, postgresUrl, webOrigin } from './values.ts';

/** What the authentication process reads: it makes staff accounts and sessions, and nothing else. */
export const authDefinition = defineProcess({
  process: 'authentication process',
  keys: {
    databaseUrl: secretKey('DATABASE_URL_AUTH', postgresUrl, 'The facts, as login ct_auth.'),
    publicUrl: key('PUBLIC_URL', httpUrl, 'As the API has it. The sign-in page\'s cookie is for this host name, so browsers must reach both processes under it, by different ports or paths; with https:// the cookie is for https alone.'),
    temporalUiOrigin: key('TEMPORAL_UI_ORIGIN', webOrigin.optional(), 'As the API has it. Besides the API\'s own, the one origin that the sign-in page leads on to.'),
    ...httpKeys,
    ...processKeys,
  },
});

export type AuthConfig = ConfigOf<typeof authDefinition>;
