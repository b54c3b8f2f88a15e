import { defineProcess, key, secretKey } from './load.ts';
import type { ConfigOf } from './load.ts';
import { numberWithin, postgresUrl, text } from './values.ts';

/** At least as long as what `npm start` makes, so that nobody deploys with "postgres". */
const password = text.min(16, 'must have 16 characters or more');
const passwordOf = (login: string, who: string) => secretKey(`PASSWORD_${login.toUpperCase()}`, password, `Password that login ${login} gets (${who}).`);

const limit = (setting: string, min: number, max: number, doc: string) => key(setting.toUpperCase().replaceAll('-', '_'), numberWithin(min, max).optional(), doc);

/** Limits on contacts with one patient over all plans; docs/contact-limits.md. What is not given stays as it is. */
const limitKeys = {
  dailyContactCap: limit('daily-contact-cap', 1, 1000, 'Contacts that are begun with one patient within 24 hours, over all plans (8 unless set). See contact-limits.md for this and what follows.'),
  weeklyContactCap: limit('weekly-contact-cap', 1, 1000, 'The same within seven times 24 hours (20).'),
  dailySmsCap: limit('daily-sms-cap', 1, 1000, 'Of these by SMS, a day (8).'),
  weeklySmsCap: limit('weekly-sms-cap', 1, 1000, 'By SMS, a week (20).'),
  dailyEmailCap: limit('daily-email-cap', 1, 1000, 'By mail, a day (3).'),
  weeklyEmailCap: limit('weekly-email-cap', 1, 1000, 'By mail, a week (10).'),
  dailyVoiceCap: limit('daily-voice-cap', 1, 1000, 'Calls, a day (3).'),
  weeklyVoiceCap: limit('weekly-voice-cap', 1, 1000, 'Calls, a week (7).'),
  contactSpacingSeconds: limit('contact-spacing-seconds', 0, 86_400, 'Between contacts of different steps (600); 0 is none.'),
  releaseSpreadSeconds: limit('release-spread-seconds', 0, 14_400, 'Over which what quiet hours held goes out (1800).'),
  mergeWindowSeconds: limit('merge-window-seconds', 0, 14_400, 'Reminders due so soon go in one message with one that goes out now (1800); 0 is only what is due.'),
  mergeMost: limit('merge-most', 0, 5, 'Others that one message may carry (3); 0 is none.'),
};

/** The limits that are given, by their names in `gate.setting`. */
export function contactLimitsOf(config: { [Key in keyof typeof limitKeys]: number | undefined }): Record<string, number> {
  const named = Object.entries(limitKeys).map(([field, { name }]) => [name.toLowerCase().replaceAll('_', '-'), config[field as keyof typeof limitKeys]] as const);
  return Object.fromEntries(named.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** What the migration reads: it makes databases, roles and tables, as an administrator of the Postgres server. */
export const migrateDefinition = defineProcess({
  process: 'migration',
  keys: {
    databaseUrl: secretKey('DATABASE_URL_ADMINISTRATOR', postgresUrl, 'The facts, as an administrator of the server.'),
    keysDatabaseUrl: secretKey('KEYS_DATABASE_URL_ADMINISTRATOR', postgresUrl, 'The key store, likewise.'),
    passwordMigrate: passwordOf('ct_migrate', 'later migrations'),
    passwordWorker: passwordOf('ct_worker', 'worker'),
    passwordApi: passwordOf('ct_api', 'API'),
    passwordAuth: passwordOf('ct_auth', 'authentication process'),
    passwordSealer: passwordOf('ct_sealer', 'sealer'),
    passwordBackup: passwordOf('ct_backup', 'backups'),
    clockSkewSeconds: key('CLOCK_SKEW_SECONDS', numberWithin(1, 3_600).default(300), 'By how much the clock of a process may differ from the database\'s when it begins a contact; beyond that none is begun, and pages still go.'),
    ...limitKeys,
  },
});

export type MigrateConfig = ConfigOf<typeof migrateDefinition>;
