import type { Twilio } from 'twilio';
import type { ProviderMessage, ReceivedText, SmsProvider } from '../types.ts';
import { insistently, parseMessageCallback } from './callbacks.ts';
import { askProvider, postOnce } from './client.ts';
import type { TwilioSettings } from './client.ts';

/** Messages looked at, at most, when an unclear one is searched for: one number within minutes has far fewer. */
const searchLimit = 200;

/** SMS by Twilio. The attempt id rides in the status callback's query: it finds a message whose answer was lost. */
export function twilioSms(client: Twilio, { from, publicUrl }: Pick<TwilioSettings, 'from' | 'publicUrl'>): SmsProvider {
  return {
    send: ({ to, body, attemptId, validitySeconds }) =>
      postOnce(() =>
        client.messages.create({
          to,
          from,
          body,
          validityPeriod: validitySeconds,
          statusCallback: `${publicUrl}/webhooks/twilio/status?attempt=${encodeURIComponent(attemptId)}${insistently}`,
        }),
      ),
    // Not by DateSent: a message that still waits in the provider's queue has none, and would seem absent. Lists are newest first.
    find: ({ to, sentAfter }) => askProvider(async () => taken(await client.messages.list({ to, limit: searchLimit }), sentAfter)),
    status: (messageSid) =>
      askProvider(async () => {
        const { sid, status, errorCode } = await client.messages(messageSid).fetch();
        const code = errorCode as number | null;
        return parseMessageCallback({ MessageSid: sid, MessageStatus: status, ...(code === null ? {} : { ErrorCode: String(code) }) });
      }, null),
    list: ({ since }) => askProvider(async () => taken((await listBackTo(client, since)).filter((message) => message.direction === 'outbound-api'), since)),
    received: ({ since }) => askProvider(async () => (await listBackTo(client, since, from)).filter((message) => message.direction === 'inbound' && message.to === from && message.dateCreated >= wholeSecond(since)).map(received)),
  };
}

/** What is in the log since then; only what came to one number where `to` is given. */
async function listBackTo(client: Twilio, since: Date, to?: string): Promise<ListedMessage[]> {
  const listed: ListedMessage[] = [];
  const newest = await client.messages.page({ pageSize: 1_000, ...(to === undefined ? {} : { to }) });
  let page: Awaited<ReturnType<typeof newest.nextPage>> = newest;
  while (page !== undefined) {
    listed.push(...page.instances);
    const oldest = page.instances.at(-1);
    page = oldest === undefined || oldest.dateCreated < wholeSecond(since) ? undefined : await page.nextPage();
  }
  return listed;
}

type ListedMessage = Awaited<ReturnType<Twilio['messages']['list']>>[number];

function taken(messages: ListedMessage[], since: Date): ProviderMessage[] {
  return messages
    .filter((message) => message.direction !== 'inbound' && (message.dateCreated as Date | null) !== null && message.dateCreated >= wholeSecond(since))
    .map((message) => ({ sid: message.sid, to: message.to, body: message.body, status: message.status, errorCode: (message.errorCode as number | null) === null ? null : String(message.errorCode), createdAt: message.dateCreated }));
}

function received({ sid, from, body, numMedia, dateCreated }: ListedMessage): ReceivedText {
  return { sid, from, body, media: Number(numMedia), receivedAt: dateCreated };
}

/** The provider's dates have whole seconds. */
function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1_000) * 1_000);
}
