import { defineProcess, secretKey } from './load.ts';
import type { ConfigOf } from './load.ts';
import { httpKeys, processKeys } from './shared.ts';
import { postgresUrl } from './values.ts';

/** What the authentication process reads: it makes staff accounts and sessions, and nothing else. */
export const authDefinition = defineProcess({
  process: 'authentication process',
  keys: {
    databaseUrl: secretKey('DATABASE_URL_AUTH', postgresUrl, 'The facts, as login ct_auth.'),
    ...httpKeys,
    ...processKeys,
  },
});

export type AuthConfig = ConfigOf<typeof authDefinition>;
