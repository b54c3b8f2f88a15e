import { createLogger, endOnUncaught } from '../config/logger.ts';
import { loadConfig } from '../config/load.ts';
import { sealerDefinition } from '../config/sealer.ts';
import { connect } from '../store/connect.ts';
import { noteSigner } from '../store/ledger/checkpoint.ts';
import { createSealer } from '../store/ledger/sealer.ts';
import { readSecretFile } from '../store/vault/secret-file.ts';
import { sealUntilStopped } from './sealer.ts';
import { stopSignal } from './stopping.ts';

/** The sealer's process: the only one with the signing key, and with nothing else. */
const batchSize = 1_000;

const config = loadConfig(sealerDefinition);
const logger = createLogger({ process: 'sealer', level: config.logLevel });
endOnUncaught(logger);
const signal = stopSignal();
const sql = connect(config.databaseUrl, { max: 2, applicationName: 'carethread sealer' });
try {
  const signer = noteSigner(await readSecretFile(config.ledgerKeyFile));
  const sealer = createSealer({ sql, directory: config.ledgerDirectory, signer, batchSize });
  logger.info({ origin: signer.name }, 'sealing');
  await sealUntilStopped({ sealer, batchSize, logger }, signal);
} catch (error) {
  logger.fatal({ err: error }, 'the sealer ends');
  process.exitCode = 1;
} finally {
  await sql.end({ timeout: config.shutdownGraceSeconds });
}
