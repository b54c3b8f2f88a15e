import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** Thrown when the API answers with a problem that a repetition does not mend; `code` is the problem's own. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The public API as one signed-in person. Answers are the API's own JSON, given the type that the caller names. */
export interface CareApi {
  get<Answer>(path: string): Promise<Answer>;
  /** Every item of a list, page after page. */
  all<Item>(path: string): Promise<Item[]>;
  post<Answer>(path: string, body: unknown): Promise<Answer>;
  put<Answer>(path: string, body: unknown): Promise<Answer>;
  /** Publishes a plan, written as YAML. */
  publish(yaml: string): Promise<void>;
}

/** An API that was killed comes back: whatever was not answered is asked again, under the same key, so that it is done once. */
const patienceMs = 120_000;
const pauseMs = 400;

interface Call {
  method: 'GET' | 'POST' | 'PUT';
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** Signs in at the authentication process and answers with that person's API. */
export async function signIn(urls: { auth: string; api: string }, login: string, password: string, signal?: AbortSignal): Promise<CareApi> {
  const call: Call = { method: 'POST', url: `${urls.auth}/sign-in`, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ login, password }) };
  const { token } = (await ask(call, signal)) as { token: string };
  return apiWithToken(urls.api, token, signal);
}

/** The API for whoever holds this token. Once the signal is aborted nothing is asked again. */
function apiWithToken(apiUrl: string, token: string, signal: AbortSignal | undefined): CareApi {
  const authorization = `Bearer ${token}`;
  const send = (method: 'POST' | 'PUT', path: string, type: string, body: string): Promise<unknown> =>
    ask({ method, url: `${apiUrl}${path}`, headers: { authorization, 'content-type': type, 'idempotency-key': randomUUID() }, body }, signal);
  const get = async <Answer>(path: string): Promise<Answer> => (await ask({ method: 'GET', url: `${apiUrl}${path}`, headers: { authorization } }, signal)) as Answer;
  return {
    get,
    async all<Item>(path: string) {
      const items: Item[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: { items: Item[]; nextCursor: string | null } = await get(`${path}${path.includes('?') ? '&' : '?'}limit=200${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
        items.push(...page.items);
        cursor = page.nextCursor;
      }
      return items;
    },
    post: async <Answer>(path: string, body: unknown) => (await send('POST', path, 'application/json', JSON.stringify(body))) as Answer,
    put: async <Answer>(path: string, body: unknown) => (await send('PUT', path, 'application/json', JSON.stringify(body))) as Answer,
    publish: async (yaml) => {
      await send('POST', '/v1/plans', 'text/yaml', yaml);
    },
  };
}

async function ask(call: Call, signal: AbortSignal | undefined): Promise<unknown> {
  const endsAt = Date.now() + patienceMs;
  for (;;) {
    const outcome = await askOnce(call);
    if ('answer' in outcome) return outcome.answer;
    if (!outcome.isPassing || Date.now() > endsAt || signal?.aborted === true) throw new ApiProblem(outcome.code, `${call.method} ${new URL(call.url).pathname}: ${outcome.message}`);
    await delay(pauseMs);
  }
}

type Outcome = { answer: unknown } | { code: string; message: string; isPassing: boolean };

async function askOnce({ method, url, headers, body }: Call): Promise<Outcome> {
  try {
    const response = await fetch(url, { method, headers, signal: AbortSignal.timeout(30_000), ...(body === undefined ? {} : { body }) });
    const answer: unknown = await response.json();
    if (response.ok) return { answer };
    const problem = answer as { code?: string; detail?: string; errors?: unknown };
    const code = problem.code ?? 'unknown';
    const isPassing = response.status >= 500 || response.status === 429 || code === 'same-request-under-way';
    return { code, isPassing, message: `${response.status} ${code}: ${problem.detail ?? ''} ${problem.errors === undefined ? '' : JSON.stringify(problem.errors)}`.trim() };
  } catch (error) {
    return { code: 'no-answer', isPassing: true, message: `it did not answer (${error instanceof Error ? error.message : String(error)})` };
  }
}
