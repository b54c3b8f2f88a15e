import { once } from 'node:events';
import { createServer, request as askServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text as readAll } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** How the UI has payloads opened. */
export interface CodecSettings {
  /** Address of the codec server, as the engineer's browser reaches it. */
  readonly endpoint: string;
  /** The sign-in page, where somebody whose payloads stay sealed is sent. */
  readonly signInUrl: string;
}

export interface TemporalUiOptions {
  readonly port: number;
  /** Port of the UI that the dev server itself serves. */
  readonly serverPort: number;
  /** The namespace that it opens with. */
  readonly namespace: string;
  readonly codec: CodecSettings | undefined;
}

export interface TemporalUi {
  readonly url: string;
  /** The sign-in page that leads on to this UI; undefined where there is no codec server. */
  readonly signInUrl: string | undefined;
  close(): Promise<void>;
}

/**
 * Stands before the dev server's UI and passes everything on, but its settings: the dev server has a flag for the codec's address and
 * none for the rest, so that each engineer would first have to change the namespace and tick "include cross-origin credentials".
 * The UI server of a deployment reads the same from its environment; see docker-compose.yml.
 */
export async function startTemporalUi({ port, serverPort, namespace, codec }: TemporalUiOptions): Promise<TemporalUi> {
  const url = `http://127.0.0.1:${port}`;
  const signInUrl = codec === undefined ? undefined : `${codec.signInUrl}/?${new URLSearchParams({ return: url }).toString()}`;
  // In the words of the UI server's own answer.
  const changed = codec === undefined ? { DefaultNamespace: namespace } : { DefaultNamespace: namespace, Codec: { Endpoint: codec.endpoint, PassAccessToken: false, IncludeCredentials: true, DefaultErrorMessage: 'Payloads are sealed. Sign in as an engineer to read them.', DefaultErrorLink: signInUrl } };
  const server = createServer((request, response) => {
    passOn(request, response, serverPort, changed).catch(() => {
      if (!response.headersSent) response.writeHead(502, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('The Temporal server does not answer at the moment. Try again in a few seconds.\n');
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url,
    signInUrl,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function passOn(request: IncomingMessage, response: ServerResponse, serverPort: number, changedSettings: object): Promise<void> {
  const isSettings = request.url?.split('?')[0] === '/api/v1/settings';
  const { 'accept-encoding': encodings, ...headers } = request.headers;
  const onward = askServer({ host: '127.0.0.1', port: serverPort, method: request.method, path: request.url, headers: { ...headers, ...(isSettings || encodings === undefined ? {} : { 'accept-encoding': encodings }) } });
  // A browser that goes away leaves no half-open request behind.
  response.once('close', () => onward.destroy());
  // What goes wrong is told by the two that are awaited; an error that nobody listens for would end the process.
  onward.on('error', () => undefined);
  const answered = once(onward, 'response') as Promise<[IncomingMessage]>;
  const [[answer]] = await Promise.all([answered, pipeline(request, onward)]);
  if (!isSettings || answer.statusCode !== 200) {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    await pipeline(answer, response);
    return;
  }
  const settings = JSON.stringify({ ...(JSON.parse(await readAll(answer)) as object), ...changedSettings });
  const changedHeaders = { ...answer.headers, 'content-length': Buffer.byteLength(settings) };
  delete changedHeaders['transfer-encoding'];
  response.writeHead(200, changedHeaders);
  response.end(settings);
}
