import { setTimeout as sleep } from 'node:timers/promises';
import type { Exchange } from './exchange.ts';
import type { Faults } from './faults.ts';
import type { LiveCalls } from './live-calls.ts';

/** How the network is set up, with every default filled in. */
export interface Settings {
  accountSid: string;
  authToken: string;
  /** The hospital's number that inbound texts go to when the phone has not been written to yet. */
  ownNumber: string;
  /** Where inbound texts are posted; undefined: nobody listens. */
  smsWebhookUrl: string | undefined;
  /** How the product reaches this server; it stands in RecordingUrl. Filled in when listening. */
  publicUrl: string;
  controlUrl: string | undefined;
  /** `off`: the product does its own. `default`: the provider blocks on STOP. `advanced`: and posts OptOutType. */
  optOut: 'off' | 'default' | 'advanced';
  /** Delays are divided by this; a live person's time is never shortened. */
  speed: number;
}

/** What every part of the network works with. */
export interface Network {
  readonly settings: Settings;
  readonly exchange: Exchange;
  readonly faults: Faults;
  readonly liveCalls: LiveCalls;
  /** Aborts when the network closes. */
  readonly closing: AbortSignal;
  /** Sleeps `delayMs` of the network's own time; rejects when it closes or `signal` aborts. */
  pause(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Runs a task beside; closing waits for it. A failure that is not the closing itself is shown as an alert. */
  run(task: () => Promise<void>): void;
  alert(code: number, message: string, url: string, sid: string | null): void;
}

/** A time in the network: scaled by speed, real where a live person is waited for. */
export const realPause = (delayMs: number, signal: AbortSignal): Promise<void> => sleep(delayMs, undefined, { signal });

export function createNetwork(settings: Settings, exchange: Exchange, faults: Faults, liveCalls: LiveCalls): { network: Network; close: () => Promise<void> } {
  const closing = new AbortController();
  const running = new Set<Promise<void>>();
  const network: Network = {
    settings, exchange, faults, liveCalls,
    closing: closing.signal,
    pause: (delayMs, signal) => realPause(delayMs / settings.speed, signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])),
    run(task) {
      const ended = task()
        .catch((cause: unknown) => {
          if (!closing.signal.aborted) network.alert(20500, cause instanceof Error ? cause.message : String(cause), '', null);
        })
        .finally(() => running.delete(ended));
      running.add(ended);
    },
    alert(code, message, url, sid) {
      exchange.save({ kind: 'alert', record: { at: Date.now(), code, message, url, sid } });
    },
  };
  return {
    network,
    async close() {
      closing.abort();
      while (running.size > 0) await Promise.all(running);
    },
  };
}
