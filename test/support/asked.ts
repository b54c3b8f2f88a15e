import { changeCall, lockCall } from '../../store/calls.ts';
import { applyToConversation, lockConversation } from '../../store/conversations.ts';
import { runConversation, runFollowUp } from './care-world.ts';
import type { CareWorld } from './care-world.ts';

export const ask = { id: 'pain', kind: 'ask', questionnaire: 'pain-check', channels: ['sms', 'voice'], reply: { window: 'PT6H', nudges: ['PT2H'], silence: 'task' } };
const call = { id: 'call', kind: 'call', questionnaire: 'recovery-call', record: true, redial: ['PT5H'] };

/** Questions that are open in a test's world, and what becomes of them. */
export function askedIn(worldOf: () => CareWorld) {
  async function opened(step: { id: string } & Record<string, unknown>, options: Parameters<CareWorld['patient']>[0] = {}) {
    const patient = await worldOf().patient(options);
    const { enrolmentId, touchpoints } = await worldOf().enrol(patient, [step]);
    await runFollowUp(worldOf(), enrolmentId);
    return { patient, enrolmentId, touchpointId: touchpoints[step.id] ?? '' };
  }
  const stateOf = async (touchpointId: string) => {
    const row = await worldOf().worker.begin((tx) => lockConversation(tx, touchpointId));
    if (row === null) throw new Error('There is no such conversation.');
    return { ...row.state, addressId: row.addressId };
  };
  const say = (touchpointId: string, event: Parameters<typeof applyToConversation>[3][number]) => worldOf().api.begin((tx) => applyToConversation(tx, touchpointId, worldOf().clock.now.toISOString(), [event]));

  async function called() {
    const made = await opened(call);
    const next = await runConversation(worldOf(), made.touchpointId);
    if (next.kind !== 'call') throw new Error(`The conversation would ${next.kind} instead.`);
    return { ...made, callId: next.callId };
  }
  const endCall = (callId: string, disposition: 'hung-up' | 'no-answer' | 'completed', recording: 'none' | 'in-progress' = 'none') =>
    worldOf().api.begin(async (tx) => {
      const row = await lockCall(tx, callId);
      if (row === null) throw new Error('There is no such call.');
      await changeCall(tx, row, { status: 'ended', disposition, endedAt: worldOf().clock.now.toISOString(), recordingStatus: recording });
      if (row.touchpointId !== null) await applyToConversation(tx, row.touchpointId, worldOf().clock.now.toISOString(), [{ kind: 'call-ended', disposition, at: worldOf().clock.now.toISOString(), actions: [] }]);
    });
  return { opened, stateOf, say, called, endCall };
}
