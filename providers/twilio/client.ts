import twilio from 'twilio';
import type { Twilio } from 'twilio';
import type RequestClient from 'twilio/lib/base/RequestClient.js';
import { ProviderUnavailable } from '../types.ts';
import type { SendResult } from '../types.ts';
import { remedyOf } from './errors.ts';
import { shareConnections } from './kept-connections.ts';

export interface TwilioSettings {
  accountSid: string;
  authToken: string;
  /** E.164 number that messages and calls come from. */
  from: string;
  /** Another base URL than Twilio's: the phone simulator. */
  baseUrl: string | null;
  /** Where Twilio reaches our webhooks. */
  publicUrl: string;
  /** A POST without an answer by then counts as unknown. Shorter than a claim's lease. */
  deadlineMs: number;
}

/** Thrown by our request client on 429: the official error does not carry how long to wait. */
class Throttled extends Error {
  override readonly name = 'Throttled';
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super('The provider asks to slow down.');
    this.retryAfterMs = retryAfterMs;
  }
}

/** The official client, with a hard deadline, no retries of its own, and another base URL where one is configured. */
export function twilioClient({ accountSid, authToken, baseUrl, deadlineMs }: Pick<TwilioSettings, 'accountSid' | 'authToken' | 'baseUrl' | 'deadlineMs'>): Twilio {
  class Requests extends twilio.RequestClient {
    override async request<Data>(options: RequestClient.RequestOptions<Data>) {
      const uri = baseUrl === null ? options.uri : options.uri.replace(/^https:\/\/[^/]+/, baseUrl.replace(/\/$/, ''));
      const response = await super.request<Data>({ ...options, uri, timeout: deadlineMs });
      if (response.statusCode === 429) throw new Throttled(retryAfterMs(response.headers));
      return response;
    }
  }
  const requests = new Requests({ timeout: deadlineMs, autoRetry: false, keepAlive: true });
  shareConnections(requests.axios);
  // The library's timeout is one of silence: a server that trickles its answer would hold a POST past its claim's lease.
  requests.axios.interceptors.request.use((config) => ({ ...config, signal: AbortSignal.timeout(deadlineMs) }));
  return twilio(accountSid, authToken, { httpClient: requests, autoRetry: false });
}

function retryAfterMs(headers: unknown): number {
  const value = typeof headers === 'object' && headers !== null && 'retry-after' in headers ? Number(headers['retry-after']) : Number.NaN;
  return Number.isFinite(value) && value > 0 ? Math.min(value, 3_600) * 1_000 : 1_000;
}

/**
 * Makes one POST and says what became of it. Only an answer of the provider counts as refused: a deadline, a dropped
 * connection and a 5xx leave it unknown, because the message may be on its way.
 */
export async function postOnce(post: () => Promise<{ sid: string }>): Promise<SendResult> {
  try {
    return { kind: 'accepted', sid: (await post()).sid };
  } catch (error) {
    if (error instanceof Throttled) return { kind: 'throttled', retryAfterMs: error.retryAfterMs };
    if (!(error instanceof twilio.RestException)) return neverSent(error) ? notTaken(error) : { kind: 'unknown', reason: 'no-answer' };
    if (error.status >= 500) return { kind: 'unknown', reason: `status-${error.status}` };
    const code = String(error.code ?? error.status);
    return { kind: 'rejected', code, reason: `provider-${code}`, ...remedyOf(code) };
  }
}

/** A connection that was never made cannot have carried a message. */
function neverSent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN');
}

function notTaken(error: unknown): SendResult {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreachable';
  return { kind: 'rejected', code, permanent: false, reason: `provider-${code.toLowerCase()}`, remedy: 'wait' };
}

/** The provider's code for a change to a call that is over. */
const callHasEnded = 21220;

/** Runs a look-up or a command that may be repeated. Where `absent` is given, it is the answer for what is gone or over already; whatever else goes wrong becomes ProviderUnavailable, without the provider's text. */
export async function askProvider<Answer>(question: () => Promise<Answer>, absent?: Answer): Promise<Answer> {
  try {
    return await question();
  } catch (error) {
    const { status, code } = error instanceof twilio.RestException ? error : { status: null, code: null };
    if (absent !== undefined && (status === 404 || code === callHasEnded)) return absent;
    throw new ProviderUnavailable(`The provider did not answer the question${status === null ? '' : ` (status ${status})`}. It is asked again.`);
  }
}
