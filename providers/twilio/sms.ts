import type { Twilio } from 'twilio';
import type { SmsProvider } from '../types.ts';
import { askProvider, postOnce } from './client.ts';
import type { TwilioSettings } from './client.ts';

/** Messages looked at, at most, when an unclear one is searched for: one number within minutes has far fewer. */
const searchLimit = 200;

/** SMS by Twilio. The attempt id rides in the status callback's query: it finds a message whose answer was lost. */
export function twilioSms(client: Twilio, { from, publicUrl }: Pick<TwilioSettings, 'from' | 'publicUrl'>): SmsProvider {
  return {
    send: ({ to, from: other, body, attemptId, validitySeconds }) =>
      postOnce(() => {
        const sender = other ?? from;
        return client.messages.create({
          to,
          body,
          ...(sender.startsWith('MG') ? { messagingServiceSid: sender } : { from: sender }),
          validityPeriod: validitySeconds,
          statusCallback: `${publicUrl}/webhooks/twilio/status?attempt=${encodeURIComponent(attemptId)}`,
        });
      }),
    find: ({ to, sentAfter }) =>
      askProvider(async () => {
        // Not by DateSent: a message that still waits in the provider's queue has none, and would seem absent. The list is newest first.
        const messages = await client.messages.list({ to, limit: searchLimit });
        return messages
          .filter((message) => message.direction !== 'inbound' && (message.dateCreated as Date | null) !== null && message.dateCreated >= wholeSecond(sentAfter))
          .map((message) => ({ sid: message.sid, to: message.to, body: message.body, status: message.status, errorCode: (message.errorCode as number | null) === null ? null : String(message.errorCode), createdAt: message.dateCreated }));
      }),
  };
}

/** The provider's dates have whole seconds. */
function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1_000) * 1_000);
}
