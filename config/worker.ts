import { defineProcess, key, secretKey } from './load.ts';
import type { ConfigOf } from './load.ts';
import { hospitalKeys, metricsKeys, processKeys, temporalKeys, twilioKeys, vaultKeys } from './shared.ts';
import { mailbox, numberWithin, postgresUrl, readableFile, smtpUrl, text } from './values.ts';

/** What the worker reads: it carries the threads out. */
export const workerDefinition = defineProcess({
  process: 'worker',
  keys: {
    databaseUrl: secretKey('DATABASE_URL_WORKER', postgresUrl, 'The facts, as login ct_worker.'),
    keysDatabaseUrl: secretKey('KEYS_DATABASE_URL_WORKER', postgresUrl, 'The key store, as login ct_worker.'),
    ...temporalKeys,
    ...vaultKeys,
    ...twilioKeys,
    smtpUrl: secretKey('SMTP_URL', smtpUrl, 'Mail server that mails are handed to.'),
    mailFrom: key('MAIL_FROM', mailbox, 'Sender of mails.'),
    dkimDomain: key('DKIM_DOMAIN', text.optional(), 'Domain that mails are signed for.'),
    dkimSelector: key('DKIM_SELECTOR', text.optional(), 'Selector of the signing key in that domain\'s DNS.'),
    dkimKeyFile: key('DKIM_KEY_FILE', readableFile.optional(), 'Private signing key (PEM).'),
    ...hospitalKeys,
    smsPerSecond: key('SMS_PER_SECOND', numberWithin(0.01, 10_000, false).optional(), 'Activities a second on the queues of reminders and conversations, over all workers: set it where the provider does not queue by itself.'),
    callsPerSecond: key('CALLS_PER_SECOND', numberWithin(0.01, 1_000, false).optional(), 'Calls to patients a second over all workers, likewise; pages to staff are not slowed by it.'),
    leaseSeconds: key('LEASE_SECONDS', numberWithin(5, 300).default(30), 'How long a begun contact belongs to the process that began it.'),
    providerDeadlineSeconds: key('PROVIDER_DEADLINE_SECONDS', numberWithin(1, 12).default(10), 'How long a provider may take to answer; shorter than LEASE_SECONDS. At most 12: a page belongs to its worker for 15 s, and its POST starts within 2.'),
    settlingSeconds: key('SETTLING_SECONDS', numberWithin(1, 3_600).default(60), 'After so long without a trace at the provider, an attempt of unknown outcome counts as never accepted.'),
    unclearAfterSeconds: key('UNCLEAR_AFTER_SECONDS', numberWithin(1, 86_400).default(900), 'After so long an attempt whose outcome is still unknown is given to staff; longer than SETTLING_SECONDS.'),
    standbyAfterSeconds: key('STANDBY_AFTER_SECONDS', numberWithin(5, 600).default(60), 'After so long an alert that Temporal does not carry on is paged, and silence that is one heard, by the worker itself ([what an outage does](outages.md)). Above the half a minute after which Temporal itself comes back to a page whose worker died, far below the quarter of an hour of a red answer.'),
    ...metricsKeys,
    ...processKeys,
  },
  check: (config) => [
    ...(config.providerDeadlineSeconds < config.leaseSeconds ? [] : ['PROVIDER_DEADLINE_SECONDS must be below LEASE_SECONDS, or a second attempt could send while the first still does.']),
    ...(config.settlingSeconds < config.unclearAfterSeconds ? [] : ['SETTLING_SECONDS must be below UNCLEAR_AFTER_SECONDS.']),
    ...(new Set([config.dkimDomain, config.dkimSelector, config.dkimKeyFile].map((each) => each === undefined)).size === 1 ? [] : ['DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY_FILE belong together: set all or none.']),
  ],
});

export type WorkerConfig = ConfigOf<typeof workerDefinition>;
