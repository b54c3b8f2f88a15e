import type { ContactOutcome } from '../domain/codes.ts';
import type { CallDisposition, ContactKind } from '../domain/questionnaire/types.ts';
import type { CallProgress, CareActivities } from '../domain/threads.ts';
import { changeCall, conversationRevisionOf, isPresentCall, lockCall } from '../store/calls.ts';
import type { CallChange, CallRow } from '../store/calls.ts';
import { applyToConversation, lockConversation } from '../store/conversations.ts';
import { inTransaction } from '../store/inbound.ts';
import { hear } from '../store/threads.ts';
import type { ThreadToPoke } from '../store/threads.ts';
import { addressOf, callSender } from './contact/compose.ts';
import { makeContact, recordEnd } from './contact/make-contact.ts';
import type { ActivityDeps } from './deps.ts';
import { settleCall } from './follow-call.ts';

/** Begin, place once, end. The call counts as placed before the POST, because the patient may answer before the POST does. */
export function placeCall(deps: ActivityDeps): CareActivities['placeCall'] {
  return async (callId) => {
    const looked = await lookAtCall(deps, callId);
    await deps.poker.poke(looked.threads);
    if (looked.call === null) return { next: looked.progress, receipt: null };
    const { touchpointId, contactKind } = looked.call;
    const revision = await conversationRevisionOf(deps.sql, callId);
    const kind = contactKind as ContactKind;
    const made = await makeContact(deps, { subjectKind: 'touchpoint', subjectId: touchpointId, kind, channel: 'voice', revision }, async (view) => {
      await change(deps, callId, (row) => ({ attemptId: view.detail.attemptId, status: row.status === 'planned' ? 'placed' : row.status }));
      return callSender(deps, view.detail.attemptId, await addressOf(deps, view), callId);
    });
    const at = deps.clock().toISOString();
    const { next, threads } = await inTransaction(deps.sql, async (tx) => {
      const { outcome } = await recordEnd(tx, made);
      const threads = await applyToConversation(tx, touchpointId, at, [{ kind: 'contact-ended', contactKind: kind, channel: 'voice', outcome, at }]);
      const row = await lockCall(tx, callId);
      if (row === null) throw new Error(`There is no call ${callId}.`);
      const changed: CallChange = outcome.kind === 'sent' ? { providerSid: outcome.providerSid ?? row.providerSid } : { status: 'ended', disposition: dispositionOf(outcome), endedAt: at };
      await changeCall(tx, row, changed);
      return { next: await settleCall(tx, { ...row, ...changed }, deps.clock()), threads };
    });
    await deps.poker.poke(threads);
    return { next, receipt: made.receipt };
  };
}

type Looked = { threads: ThreadToPoke[] } & ({ call: CallRow & { touchpointId: string } } | { call: null; progress: CallProgress });

/** A call whose conversation has ended meanwhile, or has gone on without it, is not placed. What the conversation was told counts, heard or not. */
async function lookAtCall(deps: ActivityDeps, callId: string): Promise<Looked> {
  const now = deps.clock();
  const at = now.toISOString();
  const known = await deps.sql.begin((tx) => lockCall(tx, callId));
  if (known?.touchpointId == null) throw new Error(`There is no call ${callId} of a conversation.`);
  const { touchpointId } = known;
  return inTransaction(deps.sql, async (tx): Promise<Looked> => {
    const threads = await applyToConversation(tx, touchpointId, at, []);
    const conversation = await lockConversation(tx, touchpointId);
    const call = await lockCall(tx, callId);
    if (call === null || conversation === null) throw new Error(`There is no call ${callId} of a conversation.`);
    await hear(tx, 'recordedCall', callId);
    if (call.status === 'ended') return { threads, call: null, progress: await settleCall(tx, call, now) };
    if (call.status !== 'planned' || isPresentCall(conversation.state, call)) return { threads, call: { ...call, touchpointId } };
    const changed = { status: 'ended', disposition: 'refused', endedAt: at } as const;
    await changeCall(tx, call, changed);
    return { threads, call: null, progress: await settleCall(tx, { ...call, ...changed }, now) };
  });
}

async function change(deps: ActivityDeps, callId: string, wanted: (row: CallRow) => CallChange): Promise<void> {
  await deps.sql.begin(async (tx) => {
    const row = await lockCall(tx, callId);
    if (row !== null) await changeCall(tx, row, wanted(row));
  });
}

function dispositionOf(outcome: Exclude<ContactOutcome, { kind: 'sent' }>): CallDisposition {
  return outcome.kind === 'unknown' ? 'unknown' : outcome.kind === 'unreachable' ? 'failed' : 'refused';
}
