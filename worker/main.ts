import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { Worker } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { ActivityDeps } from '../activities/index.ts';
import { createLogger, endOnUncaught } from '../config/logger.ts';
import type { Logger } from '../config/logger.ts';
import { loadConfig } from '../config/load.ts';
import { workerDefinition } from '../config/worker.ts';
import type { WorkerConfig } from '../config/worker.ts';
import { smtpMail } from '../providers/mail/smtp.ts';
import type { MailProvider } from '../providers/types.ts';
import { twilioClient } from '../providers/twilio/client.ts';
import { twilioSms } from '../providers/twilio/sms.ts';
import { twilioVoice } from '../providers/twilio/voice.ts';
import { connect } from '../store/connect.ts';
import type { Sql } from '../store/connect.ts';
import { loadContent } from '../store/content.ts';
import { createGate } from '../store/gate.ts';
import { readHealth } from '../store/health.ts';
import { unmannedRotas } from '../store/rotas.ts';
import { differingZones } from '../store/zone-rules.ts';
import { takeUnpicked } from '../store/threads.ts';
import { unknownHolidays } from '../store/unknown-holidays.ts';
import { createVault } from '../store/vault/index.ts';
import { fileKeyProvider } from '../store/vault/master-key.ts';
import { fileSecret } from '../store/vault/secret-file.ts';
import { connectionOptions, connectTemporal } from '../temporal/client.ts';
import { readCodecKeys } from '../temporal/codec-keys.ts';
import { createDataConverter } from '../temporal/data-converter.ts';
import { createPoker } from '../temporal/poke.ts';
import { workflowBundle } from './bundle.ts';
import { createCareWorkers } from './care-workers.ts';
import { serveMetrics } from './metrics.ts';
import { migrateOrdered } from './migrating.ts';
import { askForReceipts } from './receipts.ts';
import { installRuntime } from './runtime.ts';
import { standBy } from './standby.ts';
import { stopSignal } from './stopping.ts';
import { sweep } from './sweeper.ts';

/** The worker's process: threads, contacts, sweeper, standby and metrics. Whatever it opened is closed in reverse order. */
const config = loadConfig(workerDefinition);
const logger = createLogger({ process: 'worker', level: config.logLevel });
endOnUncaught(logger);
const closing: (() => Promise<void> | void)[] = [];
const stop = new AbortController();
const asked = stopSignal();
try {
  await run(config, AbortSignal.any([asked, stop.signal]));
} catch (error) {
  if (!asked.aborted) {
    logger.fatal({ err: error }, 'the worker ends');
    process.exitCode = 1;
  }
} finally {
  for (const close of closing.reverse()) {
    try {
      await close();
    } catch (error) {
      logger.warn({ err: error }, 'something did not close well');
    }
  }
}

async function run(settings: WorkerConfig, signal: AbortSignal): Promise<void> {
  const { metricsUrl: sdkMetricsUrl } = await installRuntime(logger);
  const dataConverter = createDataConverter(await readCodecKeys(settings.codecKeysFile));
  const sql = connect(settings.databaseUrl, { max: 20, applicationName: 'carethread worker' });
  const keysSql = connect(settings.keysDatabaseUrl, { max: 4, applicationName: 'carethread worker' });
  closing.push(() => sql.end({ timeout: 5 }), () => keysSql.end({ timeout: 5 }));
  const temporal = connectTemporal(settings, dataConverter);
  closing.push(() => temporal.close());
  const poker = createPoker({ client: temporal.client, logger });
  const gate = createGate(sql);
  const vault = createVault({ keysSql, keyProvider: await fileKeyProvider(settings.keyProvider.path, { create: false }), indexKey: await fileSecret(settings.indexKeyFile, { create: false }) });
  const mail = await mailProvider(settings);
  closing.push(() => mail.close(), () => vault.close());
  const metrics = await serveMetrics({ host: settings.metricsHost, port: settings.metricsPort, readHealth: (withinMs) => readHealth(sql, new Date(), withinMs), sdkMetricsUrl });
  closing.push(() => metrics.close());
  const clock = (): Date => new Date();
  await warnOfZones(sql, clock());
  await warnOfRotas(sql);
  await warnOfHolidays(sql, clock());
  const { sms, voice } = phones(settings);
  const deps: ActivityDeps = { sql, gate, vault, poker, logger, mail, content: loadContent(settings.contentDirectory), sms, voice, clock, settings: await activitySettings(settings) };
  // Before Temporal is waited for: with it down, receipts are asked for and alerts paged all the same.
  const loops = [
    sweep({ takeUnpicked: (search) => takeUnpicked(sql, search), poker, forgetExpiredGrants: () => gate.forgetExpiredGrants(), forgetOldAnswers: () => gate.forgetOldAnswers(), logger }, signal),
    askForReceipts({ sql, sms, voice, poker, clock, logger }, signal),
    migrateOrdered({ sql, poker, clock, logger }, signal),
    standBy(deps, { afterMs: settings.standbyAfterSeconds * 1_000, clockWithinMs: 60_000, lockedMs: 2_000 }, signal),
  ];
  closing.push(async () => {
    stop.abort();
    await Promise.all(loops);
  });
  const bundle = await workflowBundle();
  const connection = await connectPatiently(settings, logger, signal);
  closing.push(() => connection.close());
  const workers = await createCareWorkers({
    connection,
    namespace: settings.temporalNamespace,
    dataConverter,
    activities: createActivities(deps),
    bundle,
    shutdownGraceSeconds: settings.shutdownGraceSeconds,
    perSecond: { contacts: settings.smsPerSecond, calls: settings.callsPerSecond },
  });
  logger.info({ queues: workers.map((worker) => worker.options.taskQueue) }, 'working');
  await runTogether(workers, signal);
}

/** Runs them until the signal is aborted or one of them fails; then all end, each within its grace. Rejects with the first failure. */
async function runTogether(workers: readonly Worker[], signal: AbortSignal): Promise<void> {
  const shutDown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const runs = workers.map((worker) =>
    worker.run().catch((error: unknown) => {
      stop.abort();
      shutDown();
      throw error;
    }),
  );
  signal.addEventListener('abort', shutDown, { once: true });
  if (signal.aborted) shutDown();
  await Promise.allSettled(runs);
  await Promise.all(runs);
}

function phones(settings: WorkerConfig) {
  const twilio = {
    accountSid: settings.twilioAccountSid,
    authToken: settings.twilioAuthToken,
    from: settings.twilioFrom,
    baseUrl: settings.twilioBaseUrl ?? null,
    publicUrl: settings.publicUrl,
    deadlineMs: settings.providerDeadlineSeconds * 1_000,
  };
  const client = twilioClient(twilio);
  return { sms: twilioSms(client, twilio), voice: twilioVoice(client, twilio) };
}

async function mailProvider({ smtpUrl, mailFrom, providerDeadlineSeconds, dkimDomain, dkimSelector, dkimKeyFile }: WorkerConfig): Promise<MailProvider> {
  const isSigned = dkimDomain !== undefined && dkimSelector !== undefined && dkimKeyFile !== undefined;
  const dkim = isSigned ? { domainName: dkimDomain, keySelector: dkimSelector, privateKey: await readFile(dkimKeyFile, 'utf8') } : null;
  return smtpMail({ smtpUrl, from: mailFrom, deadlineMs: providerDeadlineSeconds * 1_000, dkim });
}

async function activitySettings(settings: WorkerConfig) {
  return {
    hospitalName: settings.hospitalName,
    emergencyNumber: settings.emergencyNumber,
    readHours: settings.readHours,
    publicUrl: settings.publicUrl,
    leaseSeconds: settings.leaseSeconds,
    settlingMs: settings.settlingSeconds * 1_000,
    unclearAfterMs: settings.unclearAfterSeconds * 1_000,
    unsubscribeKey: await fileSecret(settings.linkKeyFile, { create: false }),
    mailDomain: settings.mailFrom.replace(/^.*@/, '').replace(/>$/, ''),
  };
}

/** Two tz databases of different age disagree for months before anybody notices. */
async function warnOfZones(sql: Sql, now: Date): Promise<void> {
  const zones = await differingZones(sql, now);
  if (zones.length > 0) logger.warn({ zones, node: process.versions.tz }, 'Node and Postgres know different rules for these zones: bring the older one up to date, or their patients are contacted an hour off');
}

/** Whoever ran the people tool last may have taken the only one from a rota. */
async function warnOfRotas(sql: Sql): Promise<void> {
  for (const unmanned of await unmannedRotas(sql)) logger.warn({ ...unmanned }, 'nobody can be paged on this rota: put somebody with a phone on it with the people tool');
}

/** Business days are counted as if there were none. */
async function warnOfHolidays(sql: Sql, now: Date): Promise<void> {
  for (const unknown of await unknownHolidays(sql, now)) logger.warn({ ...unknown }, 'no public holidays of this year are known: their days count as open until a newer release knows them, or the plans name them as exceptions');
}

/** Temporal may come up after us: it is tried until it answers or we are to stop. */
async function connectPatiently(settings: WorkerConfig, log: Logger, signal: AbortSignal): Promise<NativeConnection> {
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    try {
      return await NativeConnection.connect(connectionOptions(settings));
    } catch (error) {
      log.warn({ err: error, pauseMs }, 'Temporal does not answer; trying again');
    }
    await delay(pauseMs, undefined, { signal });
  }
}
