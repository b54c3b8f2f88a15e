import { loadConfig } from '../config/load.ts';
import { createLogger } from '../config/logger.ts';
import { workerDefinition } from '../config/worker.ts';
import type { WorkerConfig } from '../config/worker.ts';
import { twilioClient } from '../providers/twilio/client.ts';
import { twilioSms } from '../providers/twilio/sms.ts';
import { connect } from '../store/connect.ts';
import type { Sql } from '../store/connect.ts';
import type { Difference } from '../store/reconcile.ts';
import { connectTemporal } from '../temporal/client.ts';
import type { TemporalConnection } from '../temporal/client.ts';
import { readCodecKeys } from '../temporal/codec-keys.ts';
import { createDataConverter } from '../temporal/data-converter.ts';
import { createPoker } from '../temporal/poke.ts';
import { reconcileCommand } from './reconcile-command.ts';
import type { Compared } from './reconcile-command.ts';
import { reconcile, startThreads } from './reconcile.ts';

interface Reached {
  sql: Sql;
  temporal: TemporalConnection;
  config: WorkerConfig;
}

async function reached<Result>(work: (reached: Reached) => Promise<Result>): Promise<Result> {
  const config = loadConfig(workerDefinition);
  const sql = connect(config.databaseUrl, { max: 4, applicationName: 'carethread reconcile' });
  const temporal = connectTemporal(config, createDataConverter(await readCodecKeys(config.codecKeysFile)), 'command');
  try {
    return await work({ sql, temporal, config });
  } finally {
    await temporal.close();
    await sql.end({ timeout: 5 });
  }
}

const compare = ({ asOf, since }: Compared): Promise<Difference[]> =>
  reached(({ sql, temporal, config }) => {
    const twilio = { accountSid: config.twilioAccountSid, authToken: config.twilioAuthToken, from: config.twilioFrom, baseUrl: config.twilioBaseUrl ?? null, publicUrl: config.publicUrl, deadlineMs: config.providerDeadlineSeconds * 1_000 };
    const sms = twilioSms(twilioClient(twilio), twilio);
    return reconcile({ sql, client: temporal.client, sms, asOf: asOf.toISOString(), since });
  });

const start = (workflowIds: readonly string[]): Promise<number> =>
  reached(({ sql, temporal: { client } }) => startThreads({ sql, poker: createPoker({ client, logger: createLogger({ process: 'reconcile', level: 'warn' }) }) }, workflowIds));

try {
  const { exitCode, text } = await reconcileCommand(process.argv.slice(2), { compare, start }, new Date());
  (exitCode === 2 ? process.stderr : process.stdout).write(text);
  process.exitCode = exitCode;
} catch (error) {
  process.stderr.write(`It could not be compared: ${error instanceof Error ? error.message : 'unknown'}\n`);
  process.exitCode = 2;
}
