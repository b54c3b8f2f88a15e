import { apiDefinition } from '../config/api.ts';
import { loadConfig } from '../config/load.ts';
import { createLogger, endOnUncaught } from '../config/logger.ts';
import { twilioClient } from '../providers/twilio/client.ts';
import { twilioSms } from '../providers/twilio/sms.ts';
import { connect } from '../store/connect.ts';
import { loadContent } from '../store/content.ts';
import { createGate } from '../store/gate.ts';
import { hearFirst } from '../store/threads.ts';
import { createVault } from '../store/vault/index.ts';
import { fileKeyProvider } from '../store/vault/master-key.ts';
import { fileSecret } from '../store/vault/secret-file.ts';
import { connectTemporal } from '../temporal/client.ts';
import { readCodecKeys } from '../temporal/codec-keys.ts';
import { createPayloadCodec } from '../temporal/codec.ts';
import { createDataConverter } from '../temporal/data-converter.ts';
import { createPoker } from '../temporal/poke.ts';
import { createApp } from './app.ts';
import { requestKeyFrom } from './deps.ts';
import type { ApiDeps } from './deps.ts';
import { createMissedTexts } from './inbound/missed-texts.ts';
import { createInboundSweeper } from './inbound/retake.ts';
import { createLooker } from './looker.ts';
import { createApiMetrics, createMetricsServer } from './metrics.ts';
import { createPendingWork } from './pending.ts';
import { createPlanReader } from './plan-reader.ts';
import { createRehearser } from './rehearser.ts';
import { serve, stopAsked } from './serve.ts';
import { createUnsubscribe, createWebhooks } from './webhooks/index.ts';
import type { InboundDeps } from './webhooks/index.ts';

const config = loadConfig(apiDefinition);
const logger = createLogger({ process: 'api', level: config.logLevel });
endOnUncaught(logger);
const stop = stopAsked();
/** For looking at the provider's log; the API sends nothing by itself. */
const providerDeadlineMs = 10_000;

const [codecKeys, keyProvider, indexKey, linkKey] = await Promise.all([readCodecKeys(config.codecKeysFile), fileKeyProvider(config.keyProvider.path, { create: false }), fileSecret(config.indexKeyFile, { create: false }), fileSecret(config.linkKeyFile, { create: false })]);
const sql = connect(config.databaseUrl, { max: 20, applicationName: 'carethread-api' });
const keysSql = connect(config.keysDatabaseUrl, { max: 5, applicationName: 'carethread-api' });
const vault = createVault({ keysSql, keyProvider, indexKey });
const temporal = connectTemporal(config, createDataConverter(codecKeys));
const metrics = createApiMetrics();

const content = loadContent(config.contentDirectory);
const { hospitalName, emergencyNumber, readHours, publicUrl, twilioAuthToken } = config;
const said = { hospital: hospitalName, emergencyNumber, readHours };

const deps: ApiDeps = {
  sql,
  gate: createGate(sql),
  vault,
  content,
  poker: createPoker({ client: temporal.client, logger, hearFirst: (inboxId) => hearFirst(sql, inboxId) }),
  codec: createPayloadCodec(codecKeys),
  requestKey: requestKeyFrom(linkKey),
  clock: () => new Date(),
  logger,
  pending: createPendingWork(),
  temporalAnswers: () => temporal.client.withDeadline(Date.now() + 1_000, () => temporal.client.workflowService.getSystemInfo({})).then(() => true, () => false),
  planReader: createPlanReader(content, { timeLimitMs: 10_000, atOnce: 2 }),
  rehearser: createRehearser({ ...content, ...said }, { timeLimitMs: 10_000, atOnce: 2 }),
  looker: createLooker(config.databaseUrl, { timeLimitMs: 60_000, atOnce: 2 }, logger),
  settings: { temporalUiOrigin: config.temporalUiOrigin, secureCookie: config.publicUrl.startsWith('https:'), requestsPerMinute: 1_200, anonymousRequestsPerMinute: 240, trustedProxies: config.trustedProxies },
};

const inbound: InboundDeps = { ...deps, settings: { hospitalName, emergencyNumber, readHours, publicUrl, twilioAuthToken, unsubscribeKey: linkKey } };
const sweeping = new AbortController();
const twilio = twilioClient({ accountSid: config.twilioAccountSid, authToken: twilioAuthToken, baseUrl: config.twilioBaseUrl ?? null, deadlineMs: providerDeadlineMs });
const swept = Promise.all([createInboundSweeper(inbound).run(sweeping.signal), createMissedTexts(inbound, twilioSms(twilio, { from: config.twilioFrom, publicUrl })).run(sweeping.signal)]);

const api = await serve(createApp(deps, metrics, { webhooks: createWebhooks(inbound), unsubscribe: createUnsubscribe(inbound) }), config.httpHost, config.httpPort);
const metricsServer = await serve(createMetricsServer(metrics.registry), config.metricsHost, config.metricsPort);
logger.info({ port: api.port, metricsPort: metricsServer.port }, 'API is up');

logger.info({ signal: await stop }, 'stopping');
await api.stop(config.shutdownGraceSeconds * 1000);
sweeping.abort();
await swept;
await deps.pending.stop();
await Promise.all([deps.planReader.close(), deps.rehearser.close(), deps.looker.close()]);
await metricsServer.stop(1_000);
await temporal.close();
vault.close();
await Promise.all([sql.end({ timeout: 5 }), keysSql.end({ timeout: 5 })]);
