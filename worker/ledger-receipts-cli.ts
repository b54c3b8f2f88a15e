import { open, rename, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config/load.ts';
import { workerDefinition } from '../config/worker.ts';
import { lineOfReceipt } from '../store/ledger/receipts.ts';
import { connectTemporal } from '../temporal/client.ts';
import { createPayloadCodec } from '../temporal/codec.ts';
import { readCodecKeys } from '../temporal/codec-keys.ts';
import { createDataConverter } from '../temporal/data-converter.ts';
import { receiptsAt } from '../temporal/receipts.ts';

const usage = `Writes the receipts of the ledger that stand in Temporal's histories, one a line, for npm run ledger:verify -- --receipts FILE.

  npm run ledger:receipts -- --out FILE

Reads the worker's configuration. Ends with 0 when all histories that Temporal keeps were read, else with 2.
`;

async function write(file: string): Promise<number> {
  const config = loadConfig(workerDefinition);
  const keys = await readCodecKeys(config.codecKeysFile);
  const temporal = connectTemporal(config, createDataConverter(keys), 'command');
  try {
    // Under its own name only once it is whole: half of the receipts would pass for all of them.
    const unfinished = `${file}.unfinished`;
    const out = await open(unfinished, 'w', 0o600);
    try {
      let count = 0;
      for await (const receipt of receiptsAt(temporal.client, createPayloadCodec(keys))) {
        await out.write(`${lineOfReceipt(receipt)}\n`);
        count += 1;
      }
      await out.close();
      await rename(unfinished, file);
      return count;
    } finally {
      await out.close();
      await rm(unfinished, { force: true });
    }
  } finally {
    await temporal.close();
  }
}

try {
  const { out } = parseArgs({ options: { out: { type: 'string' } } }).values;
  if (out === undefined) throw new Error('Say with --out which file to write.');
  process.stdout.write(`${await write(out)} receipts of Temporal's are in ${out}.\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : 'The receipts could not be read.'}\n\n${usage}`);
  process.exitCode = 2;
}
