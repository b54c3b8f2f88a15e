import { parseArgs } from 'node:util';
import { loadConfig } from '../config/load.ts';
import { workerDefinition } from '../config/worker.ts';
import type { WorkerConfig } from '../config/worker.ts';
import { twilioClient } from '../providers/twilio/client.ts';
import { twilioSms } from '../providers/twilio/sms.ts';
import { connect } from '../store/connect.ts';
import type { Difference } from '../store/reconcile.ts';
import { connectTemporal } from '../temporal/client.ts';
import { readCodecKeys } from '../temporal/codec-keys.ts';
import { createDataConverter } from '../temporal/data-converter.ts';
import { reconcile } from './reconcile.ts';

const usage = `Compares what was planned with what the threads do and what the SMS provider has, and prints the differences.

  npm run reconcile -- [--at INSTANT] [--hours N] [--json]

  --at     as of this instant (ISO 8601); now unless told
  --hours  how far back the provider's log is compared; 24 unless told
  --json   the differences as JSON

Reads the worker's configuration. Ends with 0 when there is no difference, 1 when there is, 2 when it could not be compared.
`;

const hourMs = 3_600_000;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { at: { type: 'string' }, hours: { type: 'string', default: '24' }, json: { type: 'boolean', default: false } } });
  const asOf = new Date(values.at ?? Date.now());
  const hours = Number(values.hours);
  if (Number.isNaN(asOf.getTime()) || !(hours > 0)) {
    process.stderr.write(usage);
    return 2;
  }
  const differences = await compare(loadConfig(workerDefinition), asOf, hours);
  process.stdout.write(values.json ? `${JSON.stringify(differences, null, 2)}\n` : tableOf(differences, asOf));
  return differences.length === 0 ? 0 : 1;
}

async function compare(config: WorkerConfig, asOf: Date, hours: number): Promise<Difference[]> {
  const sql = connect(config.databaseUrl, { max: 4, applicationName: 'carethread reconcile' });
  const temporal = connectTemporal(config, createDataConverter(await readCodecKeys(config.codecKeysFile)));
  try {
    const twilio = { accountSid: config.twilioAccountSid, authToken: config.twilioAuthToken, from: config.twilioFrom, baseUrl: config.twilioBaseUrl ?? null, publicUrl: config.publicUrl, deadlineMs: config.providerDeadlineSeconds * 1_000 };
    const sms = twilioSms(twilioClient(twilio), twilio);
    return await reconcile({ sql, client: temporal.client, sms, asOf: asOf.toISOString(), since: new Date(asOf.getTime() - hours * hourMs) });
  } finally {
    await temporal.close();
    await sql.end({ timeout: 5 });
  }
}

function tableOf(differences: readonly Difference[], asOf: Date): string {
  if (differences.length === 0) return `No difference, as of ${asOf.toISOString()}.\n`;
  const kindWidth = Math.max(...differences.map((difference) => difference.kind.length));
  const subjectWidth = Math.max(...differences.map((difference) => difference.subject.length));
  const rows = differences.map(({ kind, subject, message }) => `${kind.padEnd(kindWidth)}  ${subject.padEnd(subjectWidth)}  ${message}\n`);
  return `${rows.join('')}${differences.length} difference${differences.length === 1 ? '' : 's'}, as of ${asOf.toISOString()}.\n`;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`It could not be compared: ${error instanceof Error ? error.message : 'unknown'}\n`);
  return 2;
});
