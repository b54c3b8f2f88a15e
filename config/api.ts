import { defineProcess, key, secretKey } from './load.ts';
import type { ConfigOf } from './load.ts';
import { hospitalKeys, httpKeys, metricsKeys, processKeys, temporalKeys, twilioKeys, vaultKeys } from './shared.ts';
import { postgresUrl, webOrigin } from './values.ts';

/** What the API reads: routes, webhooks and the codec server. */
export const apiDefinition = defineProcess({
  process: 'API',
  keys: {
    databaseUrl: secretKey('DATABASE_URL_API', postgresUrl, 'The facts, as login ct_api.'),
    keysDatabaseUrl: secretKey('KEYS_DATABASE_URL_API', postgresUrl, 'The key store, as login ct_api.'),
    ...temporalKeys,
    ...vaultKeys,
    ...twilioKeys,
    ...hospitalKeys,
    temporalUiOrigin: key('TEMPORAL_UI_ORIGIN', webOrigin.optional(), 'Origin of the Temporal UI, the only one that may ask the codec server from a browser.'),
    ...httpKeys,
    ...metricsKeys,
    ...processKeys,
  },
});

export type ApiConfig = ConfigOf<typeof apiDefinition>;
