import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import twilio from 'twilio';
import type RequestClient from 'twilio/lib/base/RequestClient.js';
import type response from 'twilio/lib/http/response.js';
import { startPhoneNetwork } from '../../sandbox/phone/server.ts';
import type { PhoneNetwork, PhoneNetworkOptions } from '../../sandbox/phone/server.ts';

export const accountSid = `AC${'a'.repeat(32)}`;
export const authToken = 'a-token-for-tests';
export const hospital = '+12025550100';

/** The real client, with only the host of its requests changed. */
export class RedirectedClient extends twilio.RequestClient {
  readonly #url: string;
  constructor(url: string, timeoutMs?: number) {
    super(timeoutMs === undefined ? {} : { timeout: timeoutMs });
    this.#url = url;
  }

  override request<TData>(options: RequestClient.RequestOptions<TData>): Promise<response.default<TData>> {
    return super.request({ ...options, uri: options.uri.replace('https://api.twilio.com', this.#url) });
  }
}

/** One post that the product would have got. */
export interface Post {
  path: string;
  form: Record<string, string>;
  /** By the official library. */
  isSigned: boolean;
}

export type Answer = { status?: number; type?: string; body?: string };

/** A product that keeps every post, and answers as told. */
export interface Product {
  readonly url: string;
  readonly posts: Post[];
  answer: (post: Post) => Answer;
  of(path: string): Post[];
  /** Resolves when `check` gives something, tried after each post. */
  until<T>(check: () => T | undefined): Promise<T>;
  close(): Promise<void>;
}

export async function startProduct(): Promise<Product> {
  const listeners = new Set<() => void>();
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const form = Object.fromEntries(new URLSearchParams(await text(incoming)));
      const path = incoming.url ?? '';
      const given = incoming.headers['x-twilio-signature'];
      const post = { path, form, isSigned: twilio.validateRequest(authToken, typeof given === 'string' ? given : '', product.url + path, form) };
      product.posts.push(post);
      const { status = 200, type = 'text/xml', body = '<Response/>' } = product.answer(post);
      outgoing.writeHead(status, { 'content-type': type });
      outgoing.end(body);
      for (const listener of [...listeners]) listener();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const product: Product = {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    posts: [],
    answer: () => ({}),
    of: (path) => product.posts.filter((post) => post.path.split('?')[0] === path),
    until: (check) =>
      new Promise((resolve) => {
        const attempt = (): void => {
          const found = check();
          if (found === undefined) return;
          listeners.delete(attempt);
          resolve(found);
        };
        listeners.add(attempt);
        attempt();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return product;
}

export interface World {
  network: PhoneNetwork;
  product: Product;
  client: twilio.Twilio;
  close(): Promise<void>;
}

/** A phone network a hundred times as fast as life, a product that listens, and the real client between them. */
export async function startWorld(options: Partial<PhoneNetworkOptions> = {}): Promise<World> {
  const product = await startProduct();
  const network = await startPhoneNetwork({ accountSid, authToken, speed: 100, smsWebhookUrl: `${product.url}/sms`, ...options });
  return {
    network,
    product,
    client: clientOf(network.url),
    async close() {
      await network.close();
      await product.close();
    },
  };
}

export const clientOf = (url: string, token = authToken, timeoutMs?: number): twilio.Twilio => twilio(accountSid, token, { httpClient: new RedirectedClient(url, timeoutMs) });

/** The provider's answer as it went over the wire, for what the client's types hide. */
export async function rawGet(network: PhoneNetwork, path: string): Promise<{ status: number; json: unknown; headers: Headers }> {
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  const response = await fetch(`${network.url}/2010-04-01/Accounts/${accountSid}/${path}`, { headers: { authorization } });
  return { status: response.status, json: await response.json(), headers: response.headers };
}
