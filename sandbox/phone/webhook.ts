import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Network } from './network.ts';

/** The provider waits no longer than this for all attempts at one webhook together. */
const totalLimitMs = 15_000;

export type WebhookAnswer = { ok: true; status: number; contentType: string; body: string } | { ok: false; reason: string; status: number | null };

/** X-Twilio-Signature: base64 HMAC-SHA1 over the URL and the sorted names and values of the form. */
export function signature(authToken: string, url: string, form: Record<string, string>): string {
  const data = Object.keys(form).sort().reduce((text, name) => text + name + (form[name] ?? ''), url);
  return createHmac('sha1', authToken).update(data, 'utf8').digest('base64');
}

/**
 * Posts a signed form as the provider does, and follows its connection overrides in the URL's fragment
 * (`#rc=3&rp=all`: retries and what to retry on; `tt`: total milliseconds). Without them, one retry on a failed connection.
 * A webhook that fails is an alert 11200.
 */
export async function callWebhook(network: Network, url: string, form: Record<string, string>, sid: string | null, method = 'POST', signal?: AbortSignal): Promise<WebhookAnswer> {
  const hash = url.indexOf('#');
  const target = hash < 0 ? url : url.slice(0, hash);
  const overrides = new URLSearchParams(hash < 0 ? '' : url.slice(hash + 1));
  const retries = Math.min(5, Number(overrides.get('rc') ?? 1) || 0);
  const policy = (overrides.get('rp') ?? 'ct').split(',');
  const limitMs = Math.min(totalLimitMs, Number(overrides.get('tt') ?? totalLimitMs) || totalLimitMs);
  const stop = AbortSignal.any([AbortSignal.timeout(limitMs), network.closing, ...(signal === undefined ? [] : [signal])]);
  const token = randomUUID();
  for (let attempt = 0; ; attempt += 1) {
    const answer = await postOnce(network, target, form, method, token, stop, limitMs);
    if (answer.ok && answer.status < 300) return answer;
    if (attempt < retries && !stop.aborted && isRetried(answer, policy)) {
      const waited = await sleep(250 * 2 ** attempt, true, { signal: stop }).catch(() => false);
      if (waited) continue;
    }
    const reason = answer.ok ? `HTTP ${answer.status}` : answer.reason;
    if (!network.closing.aborted && signal?.aborted !== true) network.alert(11200, `The webhook did not answer as it should: ${reason}.`, target, sid);
    return { ok: false, reason, status: answer.status };
  }
}

function isRetried(answer: WebhookAnswer, policy: string[]): boolean {
  if (policy.includes('all')) return true;
  if (answer.status === null) return policy.includes('ct');
  return policy.includes(answer.status >= 500 ? '5xx' : '4xx');
}

async function postOnce(network: Network, url: string, form: Record<string, string>, method: string, token: string, signal: AbortSignal, limitMs: number): Promise<WebhookAnswer> {
  try {
    const isGet = method.toUpperCase() === 'GET';
    const query = new URLSearchParams(form).toString();
    const target = isGet ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url;
    const headers = {
      'x-twilio-signature': signature(network.settings.authToken, target, isGet ? {} : form),
      'i-twilio-idempotency-token': token,
      'user-agent': 'TwilioProxy/1.1',
      ...(isGet ? {} : { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' }),
    };
    const response = await fetch(target, { method: isGet ? 'GET' : 'POST', headers, signal, ...(isGet ? {} : { body: query }) });
    return { ok: true, status: response.status, contentType: response.headers.get('content-type') ?? '', body: await response.text() };
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
    return { ok: false, reason: timedOut ? `no answer within the limit of ${limitMs / 1_000} s` : 'the connection failed', status: null };
  }
}
