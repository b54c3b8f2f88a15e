import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../config/logger.ts';
import { isMachine } from '../providers/twilio/callbacks.ts';
import type { SmsProvider, VoiceProvider } from '../providers/types.ts';
import { ProviderUnavailable } from '../providers/types.ts';
import type { Sql } from '../store/connect.ts';
import { inTransaction } from '../store/inbound.ts';
import { pageOf, recordMessageStatus, recordPageCallStatus } from '../store/receipts.ts';
import { takeReceiptQuestions } from '../store/receipt-questions.ts';
import type { ReceiptQuestion } from '../store/receipt-questions.ts';
import type { ThreadToPoke } from '../store/threads.ts';
import type { Poker } from '../temporal/poke.ts';

export interface ReceiptDeps {
  /** Login ct_worker. */
  sql: Sql;
  sms: Pick<SmsProvider, 'status'>;
  voice: Pick<VoiceProvider, 'status'>;
  poker: Poker;
  clock: () => Date;
  logger: Pick<Logger, 'warn' | 'debug'>;
}

const everyMs = 5_000;
const atOnce = 8;

/**
 * Asks the provider what became of contacts whose receipt has not come, until the signal is aborted. The provider repeats a
 * callback for some seconds only: while the API is away, an undelivered page would else stay a page that somebody got. What
 * it answers goes the way of a callback, so that the two may come in any order. Its own round, apart from the sweeper's:
 * a provider that is slow must not keep lost pokes waiting.
 */
export async function askForReceipts(deps: ReceiptDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const asked = await askOnce(deps).catch((error: unknown) => {
      deps.logger.warn({ err: error }, 'receipts could not be asked for; the next round tries again');
      return 0;
    });
    // After an outage there are many: a full round is followed by the next at once.
    if (asked < atOnce) await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

/** One round, the most urgent first. Answers with how many contacts were asked for. */
export async function askOnce(deps: ReceiptDeps): Promise<number> {
  const questions = await takeReceiptQuestions(deps.sql, { limit: atOnce });
  const answered = await Promise.all(questions.map((question) => ask(deps, question)));
  await deps.poker.poke(answered.flat());
  if (questions.length > 0) deps.logger.debug({ asked: questions.length }, 'asked for receipts');
  return questions.length;
}

/** A provider that does not answer is asked again in its turn; so is a contact whose answer could not be written. */
async function ask(deps: ReceiptDeps, question: ReceiptQuestion): Promise<ThreadToPoke[]> {
  try {
    return await (question.channel === 'sms' ? askForMessage(deps, question) : askForPageCall(deps, question));
  } catch (error) {
    deps.logger.warn({ attemptId: question.attemptId, ...(error instanceof ProviderUnavailable ? {} : { err: error }) }, 'this receipt could not be asked for; it is asked for again');
    return [];
  }
}

/** An opt-out that the provider knows of is met, and recorded, by the next contact: it is refused there. */
async function askForMessage({ sql, sms, clock }: ReceiptDeps, { providerSid }: ReceiptQuestion): Promise<ThreadToPoke[]> {
  const status = await sms.status(providerSid);
  if (status === null) return [];
  return (await inTransaction(sql, (tx) => recordMessageStatus(tx, { ...status, attemptId: null, now: clock().toISOString() }))).threads;
}

async function askForPageCall({ sql, voice, clock }: ReceiptDeps, { providerSid, subjectId: escalationId, kind }: ReceiptQuestion): Promise<ThreadToPoke[]> {
  const page = pageOf(kind);
  const status = await voice.status(providerSid);
  if (status === null || page === null) return [];
  // Nobody took it up, or a machine did: our own webhook, which would have told so, may have been away with the callback.
  const reachedNobody = status.ended && (status.status !== 'completed' || isMachine(status.answeredBy));
  return inTransaction(sql, (tx) => recordPageCallStatus(tx, { escalationId, page }, { ...status, attemptId: null, reachedNobody, now: clock().toISOString() }));
}
