import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { ProviderMessage, SmsProvider } from '../providers/types.ts';
import type { Sql } from '../store/connect.ts';
import { createGate } from '../store/gate.ts';
import { attemptsOfSids, databaseDifferences, openThreads, rotaDifferences, sentTexts } from '../store/reconcile.ts';
import type { Difference, SentAttempt } from '../store/reconcile.ts';
import { openThreadsOf } from '../store/threads.ts';
import type { Poker } from '../temporal/poke.ts';

export interface ReconcileDeps {
  /** Login ct_worker. */
  sql: Sql;
  client: Client;
  sms: Pick<SmsProvider, 'list' | 'received'>;
  /** Business time as of which things count as overdue. */
  asOf: string;
  /** From when on, by the wall clock, the provider's log is compared. */
  since: Date;
  /** What the provider took so recently may not have been written down here yet; 120 s unless told. */
  graceSeconds?: number;
}

/** What the subject of a thread's difference begins with; its workflow id follows. */
export const threadPrefix = 'thread/';
const pageSize = 200;
const atOnce = 16;
/** A workflow or activity task that was tried so often does not get better by itself. */
const stuckAfterTries = 10;
const duplicateWithinMs = 60_000;

/** All differences between what was planned, what the threads do, and what the provider has. None is the only good answer. */
export async function reconcile(deps: ReconcileDeps): Promise<Difference[]> {
  const [database, threads, provider, rotas] = await Promise.all([databaseDifferences(deps.sql, deps.asOf), threadDifferences(deps), providerDifferences(deps), rotaDifferences(deps.sql)]);
  return [...database, ...threads, ...provider, ...rotas];
}

async function threadDifferences({ sql, client }: ReconcileDeps): Promise<Difference[]> {
  const differences: Difference[] = [];
  let after = '';
  for (;;) {
    const page = await openThreads(sql, { after, limit: pageSize });
    for (let start = 0; start < page.length; start += atOnce) {
      const found = await Promise.all(page.slice(start, start + atOnce).map((workflowId) => threadDifference(client, workflowId)));
      differences.push(...found.flat());
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return differences;
    after = last;
  }
}

async function threadDifference(client: Client, workflowId: string): Promise<Difference[]> {
  const description = await describe(client, workflowId);
  const subject = `${threadPrefix}${workflowId}`;
  if (description?.status.name !== 'RUNNING') return [{ kind: 'thread-missing', subject, message: 'Postgres holds it open and no workflow of it runs: npm run reconcile -- --start-missing starts it.' }];
  const { pendingActivities, pendingWorkflowTask } = description.raw;
  const tries = Math.max(pendingWorkflowTask?.attempt ?? 0, ...(pendingActivities ?? []).map((activity) => activity.attempt ?? 0));
  return tries < stuckAfterTries ? [] : [{ kind: 'thread-stuck', subject, message: `What it does now was tried ${tries} times: read the failure in the workflow UI and mend its cause.` }];
}

/** Starts in Temporal those of these threads that are open; one that runs looks once more, and nothing else. Answers with how many. */
export async function startThreads({ sql, poker }: { sql: Sql; poker: Poker }, workflowIds: readonly string[]): Promise<number> {
  let started = 0;
  for (let from = 0; from < workflowIds.length; from += pageSize) started += await poker.poke(await openThreadsOf(sql, workflowIds.slice(from, from + pageSize)));
  return started;
}

/** Null where Temporal knows no such workflow. */
async function describe(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

async function providerDifferences({ sql, sms, since, graceSeconds = 120 }: ReconcileDeps): Promise<Difference[]> {
  const until = Date.now() - graceSeconds * 1_000;
  const messages = (await sms.list({ since })).filter((message) => message.createdAt.getTime() <= until);
  const known = new Map((await attemptsOfSids(sql, messages.map((message) => message.sid))).map((attempt) => [attempt.providerSid, attempt]));
  const atProvider = new Set(messages.map((message) => message.sid));
  const missing = (await sentTexts(sql, since)).filter((attempt) => !atProvider.has(attempt.providerSid));
  // One that was begun just now may be at the provider and not in what was read above.
  const reallyMissing = missing.length === 0 ? [] : await stillMissing(missing, sms, since);
  return [
    ...messages.filter((message) => !known.has(message.sid)).map((message): Difference => ({ kind: 'provider-unknown-message', subject: `provider/${message.sid}`, message: 'The provider sent it and no contact of ours knows it: find out who sends by this account.' })),
    ...reallyMissing.map(({ attemptId }): Difference => ({ kind: 'provider-missing-message', subject: `attempt/${attemptId}`, message: 'It counts as sent and the provider has no such message: look it up there, then reach the patient otherwise.' })),
    ...duplicates(messages, known),
    ...(await unheardTexts(sql, sms, since, until)),
  ];
}

/** What patients wrote and we never took in. The API collects such texts of the last day by itself, within two minutes. */
async function unheardTexts(sql: Sql, sms: ReconcileDeps['sms'], since: Date, until: number): Promise<Difference[]> {
  const sids = (await sms.received({ since })).filter((text) => text.receivedAt.getTime() <= until).map((text) => text.sid);
  return (await createGate(sql).inboundUnknown(sids)).map((sid): Difference => ({ kind: 'provider-unheard-text', subject: `provider/${sid}`, message: 'Somebody wrote it to us and it never reached us: see whether the API runs, which takes such texts of a day in; read an older one at the provider and act on it.' }));
}

async function stillMissing(missing: SentAttempt[], sms: ReconcileDeps['sms'], since: Date): Promise<SentAttempt[]> {
  const sids = new Set((await sms.list({ since })).map((message) => message.sid));
  return missing.filter((attempt) => !sids.has(attempt.providerSid));
}

/** The same words twice to one number within a minute, for the same patient. Two patients who share a phone each get theirs. */
function duplicates(messages: ProviderMessage[], known: Map<string, SentAttempt>): Difference[] {
  const latest = new Map<string, ProviderMessage>();
  const found: Difference[] = [];
  for (const message of [...messages].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())) {
    const key = JSON.stringify([message.to, message.body, known.get(message.sid)?.patientId ?? null]);
    const earlier = latest.get(key);
    latest.set(key, message);
    if (earlier === undefined || message.createdAt.getTime() - earlier.createdAt.getTime() > duplicateWithinMs) continue;
    found.push({ kind: 'duplicate-message', subject: `provider/${message.sid}`, message: `The same words went to the same number as ${earlier.sid} less than a minute before: see what both contacts were for.` });
  }
  return found;
}
