import { defineProcess, key, secretKey } from './load.ts';
import type { ConfigOf } from './load.ts';
import { processKeys } from './shared.ts';
import { folder, postgresUrl, readableFile } from './values.ts';

const ledgerDirectory = key('LEDGER_DIRECTORY', folder, 'Folder outside the database that tiles and checkpoints of the ledger are written to.');
const ledgerPublicKeyFile = key('LEDGER_PUBLIC_KEY_FILE', readableFile, 'Key that checkpoints are checked with; keep a copy where the operators of this deployment cannot reach it.');

/** What the sealer reads: it gives audit rows their place in the ledger and signs. */
export const sealerDefinition = defineProcess({
  process: 'sealer',
  keys: {
    databaseUrl: secretKey('DATABASE_URL_SEALER', postgresUrl, 'The facts, as login ct_sealer.'),
    ledgerDirectory,
    ledgerKeyFile: key('LEDGER_KEY_FILE', readableFile, 'Key that checkpoints are signed with.'),
    ...processKeys,
  },
});

export type SealerConfig = ConfigOf<typeof sealerDefinition>;

/** What `npm run ledger:verify` reads when its flags do not say. */
export const verifierDefinition = defineProcess({
  process: 'ledger verifier',
  keys: {
    databaseUrl: secretKey('DATABASE_URL_SEALER', postgresUrl, 'The facts, as login ct_sealer.'),
    ledgerDirectory,
    ledgerPublicKeyFile,
  },
});

export type VerifierConfig = ConfigOf<typeof verifierDefinition>;
