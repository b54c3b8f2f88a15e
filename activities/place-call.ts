import type { ContactOutcome } from '../domain/codes.ts';
import type { CallDisposition, ContactKind } from '../domain/questionnaire/types.ts';
import type { CareActivities } from '../domain/threads.ts';
import { changeCall, conversationRevisionOf, lockCall } from '../store/calls.ts';
import type { CallChange, CallRow } from '../store/calls.ts';
import { applyToConversation } from '../store/conversations.ts';
import { addressOf, callSender } from './contact/compose.ts';
import { makeContact, recordEnd } from './contact/make-contact.ts';
import type { ActivityDeps } from './deps.ts';
import { progressOfCall } from './follow-call.ts';

/** Begin, place once, end. The call counts as placed before the POST, because the patient may answer before the POST does. */
export function placeCall(deps: ActivityDeps): CareActivities['placeCall'] {
  return async (callId) => {
    const call = await deps.sql.begin((tx) => lockCall(tx, callId));
    if (call?.touchpointId == null) throw new Error(`There is no call ${callId} of a conversation.`);
    const { touchpointId } = call;
    if (call.status === 'ended') return { next: progressOfCall(call, deps.clock()), receipt: null };
    const revision = await conversationRevisionOf(deps.sql, callId);
    const kind = call.contactKind as ContactKind;
    const made = await makeContact(deps, { subjectKind: 'touchpoint', subjectId: touchpointId, kind, channel: 'voice', revision }, async (view) => {
      await change(deps, callId, (row) => ({ attemptId: view.detail.attemptId, status: row.status === 'planned' ? 'placed' : row.status }));
      return callSender(deps, view.detail.attemptId, await addressOf(deps, view), callId);
    });
    const at = deps.clock().toISOString();
    const { next, threads } = await deps.sql.begin(async (tx) => {
      await recordEnd(tx, made);
      const threads = await applyToConversation(tx, touchpointId, at, [{ kind: 'contact-ended', contactKind: kind, channel: 'voice', outcome: made.outcome, at }]);
      const row = await lockCall(tx, callId);
      if (row === null) throw new Error(`There is no call ${callId}.`);
      const changed: CallChange = made.outcome.kind === 'sent' ? { providerSid: made.outcome.providerSid ?? row.providerSid } : { status: 'ended', disposition: dispositionOf(made.outcome), endedAt: at };
      await changeCall(tx, row, changed);
      return { next: progressOfCall({ ...row, ...changed }, deps.clock()), threads };
    });
    await deps.poker.poke(threads);
    return { next, receipt: made.receipt };
  };
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

