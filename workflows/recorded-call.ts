import type { ThreadInput } from '../domain/threads.ts';
import { pacedContacting, transferring, urgentDeciding } from './activities.ts';
import { openThread } from './thread.ts';

/** One call of the engine: placed, carried by the webhooks, ended; then its recording comes home and leaves the provider. */
export async function recordedCall(input: ThreadInput): Promise<void> {
  const callId = input.subjectId;
  const thread = openThread(input);
  let call = (await pacedContacting.placeCall(callId)).next;
  while (call.kind === 'under-way') {
    await thread.until(call.checkAt, 'until the call ends');
    call = await urgentDeciding.followCall(callId);
  }
  if (!call.recording) return;
  await transferring.storeRecording(callId);
  await transferring.deleteRecordingAtProvider(callId);
}
