import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { freePort } from '../ports.ts';
import type { Inbox } from './inbox.ts';
import type { MailMessage } from './message.ts';
import type { MailFault } from './smtp.ts';

/** The page that shows the inbox. */
export interface InboxPage {
  readonly port: number;
  close(): Promise<void>;
}

const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** A mail's own HTML: no script, no request to anywhere, no reach to the page around it. */
const mailPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

const files: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/inbox.css': ['inbox.css', 'text/css; charset=utf-8'],
  '/inbox.js': ['inbox.js', 'text/javascript; charset=utf-8'],
};

function answer(response: ServerResponse, status: number, type: string, body: string | Buffer, policy = pagePolicy): void {
  response.writeHead(status, {
    'content-type': type,
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  response.end(body);
}

const summaryOf = ({ raw, html, ...rest }: MailMessage): object => ({ ...rest, hasHtml: html !== undefined, bytes: raw.length });

function stream(inbox: Inbox, request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  response.write('retry: 1000\n\n');
  const unwatch = inbox.watch((message) => response.write(`event: mail\ndata: ${JSON.stringify(summaryOf(message))}\n\n`));
  request.once('close', unwatch);
}

function isFault(value: unknown): value is MailFault {
  if (value === null || typeof value !== 'object' || !('kind' in value)) return false;
  const named = !('recipient' in value) || typeof value.recipient === 'string';
  return named && ['reject', 'defer', 'drop-after-data'].includes(String(value.kind));
}

async function setFault(request: IncomingMessage, response: ServerResponse, set: (fault: MailFault | undefined) => void): Promise<void> {
  // Only JSON is taken: another site's page cannot send that here without being asked first.
  if (request.headers['content-type'] !== 'application/json') { answer(response, 415, 'text/plain', 'Send application/json.'); return; }
  const wanted = await text(request).then(
    (body) => JSON.parse(body) as unknown,
    () => undefined,
  );
  if (wanted !== null && !isFault(wanted)) { answer(response, 400, 'text/plain', 'Send null or { "kind": "reject" | "defer" | "drop-after-data", "recipient"?: address }.'); return; }
  set(wanted ?? undefined);
  answer(response, 204, 'text/plain', '');
}

async function route(inbox: Inbox, set: (fault: MailFault | undefined) => void, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://inbox');
  if (request.method === 'POST' && pathname === '/api/fault') return setFault(request, response, set);
  if (request.method !== 'GET') { answer(response, 405, 'text/plain', 'Only GET.'); return; }
  const file = files[pathname];
  if (file !== undefined) { answer(response, 200, file[1], await readFile(new URL(`page/${file[0]}`, import.meta.url))); return; }
  if (pathname === '/events') { stream(inbox, request, response); return; }
  if (pathname === '/api/messages') { answer(response, 200, 'application/json', JSON.stringify(inbox.messages().map(summaryOf))); return; }
  const [, id = '', part] = /^\/messages\/([0-9a-f-]{36})\/(html|raw)$/.exec(pathname) ?? [];
  const message = inbox.find(id);
  if (message === undefined) { answer(response, 404, 'text/plain', 'Nothing here.'); return; }
  if (part === 'raw') { answer(response, 200, 'text/plain; charset=utf-8', message.raw); return; }
  answer(response, 200, 'text/html; charset=utf-8', message.html ?? '', mailPolicy);
}

/** Serves the inbox's page on 127.0.0.1; the next free port is taken when the wanted one is busy. */
export async function serveInbox(inbox: Inbox, set: (fault: MailFault | undefined) => void, wantedPort: number | undefined): Promise<InboxPage> {
  const server = createServer((request, response) => {
    route(inbox, set, request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else answer(response, 500, 'text/plain', 'The inbox failed to answer.');
    });
  });
  const port = await freePort(wantedPort);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
