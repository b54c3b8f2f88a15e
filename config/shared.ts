import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { key, secretKey } from './load.ts';
import { e164, folder, hostAndPort, httpUrl, keyProvider, numberWithin, port, readableFile, text, yesOrNo } from './values.ts';

/** Keys that several processes read, in groups to be spread into a process's own. */

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug'] as const;

export const processKeys = {
  logLevel: key('LOG_LEVEL', z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` }).default('info'), 'How much is logged.'),
  shutdownGraceSeconds: key('SHUTDOWN_GRACE_SECONDS', numberWithin(1, 600).default(20), 'How long work under way may take to end after SIGTERM; below the orchestrator\'s own grace period.'),
};

export const httpKeys = {
  httpHost: key('HTTP_HOST', text.default('127.0.0.1'), 'Address that the process listens on.'),
  httpPort: key('HTTP_PORT', port, 'Port that the process listens on.'),
  trustedProxies: key('TRUSTED_PROXIES', numberWithin(0, 10).default(0), 'How many proxies stand in front, one behind the other, whose X-Forwarded-For is believed. Too few: all callers count as one; too many: callers name their own address.'),
};

export const metricsKeys = {
  metricsHost: key('METRICS_HOST', text.default('127.0.0.1'), 'Address that Prometheus metrics are served on.'),
  metricsPort: key('METRICS_PORT', port, 'Port that Prometheus metrics are served on (/metrics).'),
};

export const temporalKeys = {
  temporalAddress: key('TEMPORAL_ADDRESS', hostAndPort, 'Frontend of the Temporal server.'),
  temporalNamespace: key('TEMPORAL_NAMESPACE', text.default('carethread'), 'Namespace of the threads.'),
  temporalApiKey: secretKey('TEMPORAL_API_KEY', text.optional(), 'API key, for Temporal Cloud.'),
  temporalTls: key('TEMPORAL_TLS', yesOrNo.optional(), 'Whether to speak TLS to Temporal. Without it: only when an API key is set.'),
  codecKeysFile: key('CODEC_KEYS_FILE', readableFile, 'Keys that seal what Temporal sees, JSON { "format": 1, "keys": [{ "id", "key" }] }; the first seals, all open.'),
};

export const vaultKeys = {
  keyProvider: key('KEY_PROVIDER', keyProvider, 'Who keeps the master keys of the vault: file:<path>.'),
  indexKeyFile: key('INDEX_KEY_FILE', readableFile, 'Key of the phone and e-mail index, 32 bytes in base64; apart from the master keys.'),
};

export const twilioKeys = {
  twilioAccountSid: key('TWILIO_ACCOUNT_SID', z.string().regex(/^AC[0-9a-f]{32}$/i, 'must be AC and 32 hexadecimal digits'), 'Account at Twilio.'),
  twilioAuthToken: secretKey('TWILIO_AUTH_TOKEN', text, 'Token of that account: sends with it, and checks the signature of webhooks.'),
  twilioFrom: key('TWILIO_FROM', e164, 'The number that messages and calls come from.'),
  twilioBaseUrl: key('TWILIO_BASE_URL', httpUrl.optional(), 'Another server that speaks Twilio\'s API, such as the phone simulator.'),
  publicUrl: key('PUBLIC_URL', httpUrl, 'How the providers and patients reach the API from outside; webhooks are signed over it.'),
};

export const hospitalKeys = {
  hospitalName: key('HOSPITAL_NAME', text.min(1), 'Who is said to be calling, the only thing said before a person is known.'),
  emergencyNumber: key('EMERGENCY_NUMBER', z.string().regex(/^\+?\d{2,15}$/, 'must be a phone number that can be dialled here, such as 911'), 'Number in emergency advice where the patient\'s time zone names no country with one certain number, such as UTC.'),
  readHours: key('READ_HOURS', z.string().regex(/^\d{2}:\d{2}-\d{2}:\d{2}$/, 'must be written 08:00-18:00').default('08:00-18:00'), 'When staff read replies, as messages say it.'),
  linkKeyFile: key('LINK_KEY_FILE', readableFile, 'Key that signs links in mails, such as to unsubscribe, 32 bytes in base64.'),
  contentDirectory: key('CONTENT_DIRECTORY', folder.default(fileURLToPath(new URL('../templates', import.meta.url))), 'Folder of plans, messages, questionnaires and advice.'),
};
