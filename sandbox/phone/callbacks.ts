import type { FaultKind, RequestKind } from './faults.ts';
import type { Network } from './network.ts';
import { callWebhook } from './webhook.ts';

/** Posts the status callbacks of one message or call, in order, unless a fault was armed for it. */
export interface CallbackThread {
  post(form: Record<string, string>): void;
  /** Call after the last one: what was held back for reordering goes out now, newest first. */
  end(): void;
}

const kinds: readonly FaultKind[] = ['no-callbacks', 'reorder-callbacks', 'duplicate-callbacks'];

export function openCallbacks(network: Network, url: string | null, on: RequestKind, to: string, sid: string, method = 'POST'): CallbackThread {
  if (url === null) return { post: () => undefined, end: () => undefined };
  const fault = kinds.find((kind) => network.faults.take(kind, on, to) !== undefined);
  let last: Promise<unknown> = Promise.resolve();
  const held: Record<string, string>[] = [];
  const enqueue = (form: Record<string, string>): void => {
    const turn = last.then(() => callWebhook(network, url, form, sid, method));
    last = turn;
    network.run(async () => {
      await turn;
    });
  };
  return {
    post(form) {
      switch (fault) {
        case 'no-callbacks': return;
        case 'reorder-callbacks': held.push(form); return;
        case 'duplicate-callbacks': enqueue(form); enqueue(form); return;
        default: enqueue(form);
      }
    },
    end() {
      for (const form of held.splice(0).reverse()) enqueue(form);
    },
  };
}
