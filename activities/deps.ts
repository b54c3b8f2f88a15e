import type { Logger } from 'pino';
import type { MessageTemplates } from '../domain/contact/message.ts';
import type { Questionnaire } from '../domain/questionnaire/format.ts';
import type { MailProvider, SmsProvider, VoiceProvider } from '../providers/types.ts';
import type { Sql } from '../store/connect.ts';
import type { Gate } from '../store/gate.ts';
import type { Vault } from '../store/vault/index.ts';
import type { Poker } from '../temporal/poke.ts';

/** What activities touch. Made once by the worker; tests give a clock of their own. */
export interface ActivityDeps {
  sql: Sql;
  gate: Gate;
  vault: Vault;
  content: ActivityContent;
  sms: SmsProvider;
  voice: VoiceProvider;
  mail: MailProvider;
  poker: Poker;
  /** Business time. Grants and leases use the database's clock instead. */
  clock: () => Date;
  logger: Logger;
  settings: ActivitySettings;
}

export interface ActivityContent {
  messages: Readonly<Record<string, MessageTemplates>>;
  advice: Readonly<Record<string, MessageTemplates>>;
  questionnaires: Readonly<Record<string, Questionnaire>>;
}

export interface ActivitySettings {
  hospitalName: string;
  emergencyNumber: string;
  /** When staff read replies, as messages say it: `08:00-18:00`. */
  readHours: string;
  publicUrl: string;
  /** How long a claim is held: longer than the provider's deadline. */
  leaseSeconds: number;
  /** After so long without a trace at the provider, an unclear attempt counts as never accepted. */
  settlingMs: number;
  /** After so long an attempt that is still unclear is given to staff. */
  unclearAfterMs: number;
  unsubscribeKey: Uint8Array;
  /** Domain of Message-IDs. */
  mailDomain: string;
}
