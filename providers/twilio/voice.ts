import { Buffer } from 'node:buffer';
import type { Twilio } from 'twilio';
import type { VoiceProvider } from '../types.ts';
import { ProviderUnavailable } from '../types.ts';
import { insistently, parseCallCallback } from './callbacks.ts';
import { askProvider, postOnce } from './client.ts';
import type { TwilioSettings } from './client.ts';

/** Seconds that the patient's phone rings; shorter than most voicemails' pick-up. */
const ringSeconds = 25;

/** Calls by Twilio. What is said comes from our webhooks, turn by turn; nothing is recorded from the start. */
export function twilioVoice(client: Twilio, settings: TwilioSettings): VoiceProvider {
  const { accountSid, authToken, baseUrl, deadlineMs, from, publicUrl } = settings;
  return {
    place: ({ to, callId, attemptId }) =>
      postOnce(() =>
        client.calls.create({
          to,
          from,
          url: `${publicUrl}/webhooks/twilio/voice/${callId}${insistently}`,
          method: 'POST',
          statusCallback: `${publicUrl}/webhooks/twilio/call-status/${callId}?attempt=${encodeURIComponent(attemptId)}${insistently}`,
          statusCallbackMethod: 'POST',
          statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
          timeout: ringSeconds,
          machineDetection: 'Enable',
        }),
      ),
    find: ({ to, sentAfter }) =>
      askProvider(async () => {
        // Not by StartTime: a call that still waits has none.
        const calls = await client.calls.list({ to, limit: 200 });
        return calls
          .filter((call) => call.dateCreated.getTime() >= Math.floor(sentAfter.getTime() / 1_000) * 1_000)
          .map((call) => ({ sid: call.sid, to: call.to, status: call.status, createdAt: call.dateCreated }));
      }),
    status: (callSid) =>
      askProvider(async () => {
        const { sid, status, answeredBy } = await client.calls(callSid).fetch();
        const by = answeredBy as string | null;
        return parseCallCallback({ CallSid: sid, CallStatus: status, ...(by === null ? {} : { AnsweredBy: by }) });
      }, null),
    async hangUp(callSid) {
      await askProvider(async () => (await client.calls(callSid).update({ status: 'completed' })).sid, callSid);
    },
    async fetchRecording(recordingSid) {
      const base = baseUrl?.replace(/\/$/, '') ?? 'https://api.twilio.com';
      const response = await fetch(`${base}/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}.wav`, {
        headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
        signal: AbortSignal.timeout(deadlineMs * 6),
      }).catch(() => null);
      if (response?.status === 404) return null;
      if (response?.ok !== true) throw new ProviderUnavailable(`The provider did not hand out the recording (status ${response?.status ?? 'none'}). It is fetched again.`);
      return new Uint8Array(await response.arrayBuffer());
    },
    async deleteRecording(recordingSid) {
      await askProvider(() => client.recordings(recordingSid).remove(), true);
    },
  };
}
