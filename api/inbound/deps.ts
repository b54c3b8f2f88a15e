import type { Logger } from '../../config/logger.ts';
import type { Sql } from '../../store/connect.ts';
import type { Content } from '../../store/content.ts';
import type { Gate } from '../../store/gate.ts';
import type { Vault } from '../../store/vault/index.ts';
import type { Poker } from '../../temporal/poke.ts';
import type { PendingWork } from '../pending.ts';

/** What handling of things from outside touches. `sql` is login ct_api, and `gate` is on it. */
export interface InboundDeps {
  sql: Sql;
  gate: Gate;
  vault: Vault;
  content: Pick<Content, 'messages' | 'questionnaires'>;
  poker: Poker;
  /** Pokes and clean-up after an answer: awaited at shutdown. */
  pending: PendingWork;
  /** Business time. */
  clock: () => Date;
  logger: Logger;
  settings: InboundSettings;
}

export interface InboundSettings {
  hospitalName: string;
  emergencyNumber: string;
  /** When staff read replies, as messages say it: `08:00-18:00`. */
  readHours: string;
  /** Without a slash at the end. */
  publicUrl: string;
  twilioAuthToken: string;
  unsubscribeKey: Uint8Array;
  /** After so long a voice webhook answers whatever has come of it; below the 3 s that are promised. 2500 unless told. */
  voiceDeadlineMs?: number;
  /** The same of the webhook of texts. */
  textDeadlineMs?: number;
}

