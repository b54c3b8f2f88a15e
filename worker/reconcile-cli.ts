import { loadConfig } from '../config/load.ts';
import { workerDefinition } from '../config/worker.ts';
import { twilioClient } from '../providers/twilio/client.ts';
import { twilioSms } from '../providers/twilio/sms.ts';
import { connect } from '../store/connect.ts';
import type { Difference } from '../store/reconcile.ts';
import { connectTemporal } from '../temporal/client.ts';
import { readCodecKeys } from '../temporal/codec-keys.ts';
import { createDataConverter } from '../temporal/data-converter.ts';
import { reconcileCommand } from './reconcile-command.ts';
import type { Compared } from './reconcile-command.ts';
import { reconcile } from './reconcile.ts';

async function compare({ asOf, since }: Compared): Promise<Difference[]> {
  const config = loadConfig(workerDefinition);
  const sql = connect(config.databaseUrl, { max: 4, applicationName: 'carethread reconcile' });
  const temporal = connectTemporal(config, createDataConverter(await readCodecKeys(config.codecKeysFile)));
  try {
    const twilio = { accountSid: config.twilioAccountSid, authToken: config.twilioAuthToken, from: config.twilioFrom, baseUrl: config.twilioBaseUrl ?? null, publicUrl: config.publicUrl, deadlineMs: config.providerDeadlineSeconds * 1_000 };
    const sms = twilioSms(twilioClient(twilio), twilio);
    return await reconcile({ sql, client: temporal.client, sms, asOf: asOf.toISOString(), since });
  } finally {
    await temporal.close();
    await sql.end({ timeout: 5 });
  }
}

try {
  const { exitCode, text } = await reconcileCommand(process.argv.slice(2), compare, new Date());
  (exitCode === 2 ? process.stderr : process.stdout).write(text);
  process.exitCode = exitCode;
} catch (error) {
  process.stderr.write(`It could not be compared: ${error instanceof Error ? error.message : 'unknown'}\n`);
  process.exitCode = 2;
}
