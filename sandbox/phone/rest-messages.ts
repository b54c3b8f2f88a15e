import { json, route } from './http.ts';
import type { ApiRequest, Route } from './http.ts';
import type { Network } from './network.ts';
import { dateFilter, newestFirst, page } from './paging.ts';
import { notFound, ProviderError } from './provider-error.ts';
import { isPhoneNumber } from './provider-format.ts';
import { messageJson } from './resource-json.ts';
import { acceptText } from './text-delivery.ts';
import { finalMessageStatuses } from './types.ts';
import type { MessageRecord } from './types.ts';

const longestBody = 1600;

/** The provider's Messages resource: create, list, fetch, redact, cancel, delete. */
export function messageRoutes(network: Network): Route[] {
  const { accountSid } = network.settings;
  const show = (message: MessageRecord): Record<string, unknown> => messageJson(accountSid, message);
  const find = (request: ApiRequest): MessageRecord => {
    const message = network.exchange.messages.get(request.params['sid'] ?? '');
    if (message === undefined || message.deleted) throw notFound(request.path);
    return message;
  };
  const root = `/2010-04-01/Accounts/${accountSid}/Messages`;
  return [
    route('POST', `${root}.json`, (request) => json(show(create(network, request.form)), 201)),
    route('GET', `${root}.json`, ({ query, ...request }) => {
      const wasSent = dateFilter(query, 'DateSent');
      const to = query.get('To');
      const from = query.get('From');
      const found = newestFirst(network.exchange.messages.values()).filter(
        (one) => !one.deleted && (to === null || one.to === to) && (from === null || one.from === from) && wasSent(one.sentAt),
      );
      return json(page({ ...request, query }, 'messages', found, show));
    }),
    route('GET', `${root}/:sid.json`, (request) => json(show(find(request)))),
    route('POST', `${root}/:sid.json`, (request) => json(show(change(network, find(request), request.form)))),
    route('DELETE', `${root}/:sid.json`, (request) => {
      const message = find(request);
      if (!finalMessageStatuses.includes(message.status)) throw new ProviderError(20009);
      network.exchange.save({ kind: 'message', record: { ...message, deleted: true } });
      return { status: 204 };
    }),
  ];
}

function create(network: Network, form: URLSearchParams): MessageRecord {
  const to = form.get('To') ?? '';
  const from = form.get('From') ?? '';
  const body = form.get('Body') ?? '';
  const service = form.get('MessagingServiceSid');
  if (to === '') throw new ProviderError(21604);
  if (!isPhoneNumber(to)) throw new ProviderError(21211, `Invalid 'To' Phone Number: ${to}`);
  if (from === '' && service === null) throw new ProviderError(21603);
  if (from !== '' && !isPhoneNumber(from)) throw new ProviderError(21212, `The 'From' number ${from} is not a valid phone number, shortcode, or alphanumeric sender ID.`);
  if (body === '') throw new ProviderError(21602);
  // The provider counts characters, not UTF-16 halves.
  if (Array.from(body).length > longestBody) throw new ProviderError(21617);
  const statusCallback = form.get('StatusCallback');
  if (statusCallback !== null && !URL.canParse(statusCallback)) throw new ProviderError(21609);
  return acceptText(network, 'outbound-api', {
    from: from === '' ? network.settings.ownNumber : from, to, body, statusCallback, messagingServiceSid: service, sendAt: scheduledFor(form),
  });
}

function scheduledFor(form: URLSearchParams): number | null {
  const sendAt = form.get('SendAt');
  if (sendAt === null || form.get('ScheduleType') !== 'fixed') return null;
  const instant = Date.parse(sendAt);
  if (Number.isNaN(instant)) throw new ProviderError(20001, "'SendAt' is not an ISO 8601 instant.");
  return instant;
}

function change(network: Network, message: MessageRecord, form: URLSearchParams): MessageRecord {
  const now = Date.now();
  if (form.get('Status') === 'canceled') {
    if (message.status !== 'scheduled') throw new ProviderError(30409);
    return saved(network, { ...message, status: 'canceled', updatedAt: now });
  }
  if (form.get('Body') !== '') throw new ProviderError(20001, "Only an empty 'Body' (redaction) or Status=canceled can be posted to a message.");
  if (!finalMessageStatuses.includes(message.status)) throw new ProviderError(20009);
  return saved(network, { ...message, redacted: true, updatedAt: now });
}

function saved(network: Network, record: MessageRecord): MessageRecord {
  network.exchange.save({ kind: 'message', record });
  return record;
}
