import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';

/** A request, read whole. `params` are the named parts of the route's path, decoded. */
export interface ApiRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
  body: Buffer;
  params: Record<string, string>;
}

/** Plain data that a handler answers with; `drop` closes the connection instead of answering. */
export interface ApiResponse {
  status: number;
  json?: unknown;
  bytes?: Buffer;
  headers?: Record<string, string>;
  drop?: boolean;
}

export interface Route {
  method: string;
  pattern: RegExp;
  handle: (request: ApiRequest) => ApiResponse | Promise<ApiResponse>;
}

/** A request that cannot be understood; answered as 400 with its message. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

const maxBodyBytes = 1_000_000;

/** `/phones/:number` matches one path segment per `:name`. */
export const route = (method: string, path: string, handle: Route['handle']): Route => ({
  method,
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(/:(\w+)/g, '(?<$1>[^/]+?)')}$`),
  handle,
});

export const json = (value: unknown, status = 200): ApiResponse => ({ status, json: value });

export async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > maxBodyBytes) throw new BadRequest(`The body is larger than ${maxBodyBytes} bytes.`);
    chunks.push(bytes);
  }
  const body = Buffer.concat(chunks);
  const url = new URL(incoming.url ?? '/', 'http://phone.invalid');
  const isForm = (incoming.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  return { method: incoming.method ?? 'GET', path: url.pathname, query: url.searchParams, form: new URLSearchParams(isForm ? body.toString('utf8') : ''), body, params: {} };
}

/** Finds the route and fills in `params`; undefined when no path fits. */
export function findRoute(routes: readonly Route[], request: ApiRequest): Route | undefined {
  for (const candidate of routes) {
    const match = candidate.method === request.method ? candidate.pattern.exec(request.path) : null;
    if (match === null) continue;
    try {
      for (const [name, value] of Object.entries(match.groups ?? {})) request.params[name] = decodeURIComponent(value);
    } catch {
      throw new BadRequest('The path is not valid percent-encoding.');
    }
    return candidate;
  }
  return undefined;
}

/** Reads a JSON body by its schema. @throws {BadRequest} naming the fields at fault. */
export function parseJson<T>(schema: z.ZodType<T>, body: Buffer): T {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new BadRequest('The body is not JSON.');
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new BadRequest(z.prettifyError(parsed.error));
  return parsed.data;
}

export function send(outgoing: ServerResponse, response: ApiResponse): void {
  if (response.drop === true) {
    outgoing.destroy();
    return;
  }
  const bytes = response.bytes ?? (response.json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(response.json)));
  const type = response.json === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' };
  outgoing.writeHead(response.status, { ...type, ...response.headers, ...(response.status === 204 ? {} : { 'content-length': String(bytes.length) }) });
  outgoing.end(bytes);
}
