import { createHmac } from 'node:crypto';
import type { PayloadCodec } from '@temporalio/common';
import type { Logger } from '../config/logger.ts';
import type { Sql } from '../store/connect.ts';
import type { Content } from '../store/content.ts';
import type { Gate } from '../store/gate.ts';
import type { Vault } from '../store/vault/index.ts';
import type { Poker } from '../temporal/poke.ts';
import type { Looker } from './looker.ts';
import type { PendingWork } from './pending.ts';
import type { PlanReader } from './plan-reader.ts';
import type { Rehearser } from './rehearser.ts';

/** What routes touch. Made once by `main.ts`; tests give a clock of their own. */
export interface ApiDeps {
  sql: Sql;
  gate: Gate;
  vault: Vault;
  content: Content;
  poker: Poker;
  codec: PayloadCodec;
  /** Of the digest by which a request that is sent again is known; see {@link requestKeyFrom}. */
  requestKey: Uint8Array;
  /** Business time. Grants and sessions use the database's clock instead. */
  clock: () => Date;
  logger: Logger;
  /** Work that outlives its request: awaited at shutdown. */
  pending: PendingWork;
  /** Whether Temporal answers; readiness tells it and does not depend on it. */
  temporalAnswers: () => Promise<boolean>;
  planReader: PlanReader;
  rehearser: Rehearser;
  looker: Looker;
  settings: ApiSettings;
}

export interface ApiSettings {
  /** The only origin that may ask the codec server from a browser; undefined: none. */
  temporalUiOrigin: string | undefined;
  /** False only where the API is reached by plain HTTP, on a laptop. */
  secureCookie: boolean;
  /** Requests that one session may make in a minute. */
  requestsPerMinute: number;
  /** Requests that one address may make in a minute without a session; those of sessions are not among them. */
  anonymousRequestsPerMinute: number;
  /** Proxies in front of the API whose X-Forwarded-For counts. */
  trustedProxies: number;
}

/** A key of its own, made from one that the process holds, so that neither serves for the other's purpose. */
export function requestKeyFrom(linkKey: Uint8Array): Uint8Array {
  return createHmac('sha256', linkKey).update('carethread.request-digest/1').digest();
}
