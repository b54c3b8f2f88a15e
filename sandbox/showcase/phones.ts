import { setTimeout as delay } from 'node:timers/promises';
import type { FaultRequest } from '../phone/faults.ts';
import type { CallBehaviour, CallRecord, MessageRecord, RecordingRecord, TextBehaviour } from '../phone/types.ts';

/** How a person's phone behaves in the showcase. */
export interface PhoneManner {
  text?: TextBehaviour;
  calls?: CallBehaviour[];
}

/** The phone network's control API, as the showcase uses it. */
export interface Phones {
  register(number: string, label: string, manner: PhoneManner): Promise<void>;
  arm(fault: FaultRequest): Promise<void>;
  /** Waits for the first text to this number that holds `contains`, counted from `after` (epoch ms), once it is delivered. */
  delivered(to: string, contains: string, after?: number): Promise<MessageRecord>;
  /** A text from this person; sent again until the hospital's number has taken it. */
  reply(from: string, text: string): Promise<void>;
  messagesTo(number: string): Promise<MessageRecord[]>;
  messagesFrom(number: string): Promise<MessageRecord[]>;
  callsTo(number: string): Promise<CallRecord[]>;
  recordingsOf(callSid: string): Promise<RecordingRecord[]>;
}

/** Longer than anything takes when a process is killed on the way: an activity whose worker died is given out anew after a minute. */
export const patienceMs = 240_000;

export function phonesAt(phoneUrl: string): Phones {
  async function ask<Answer>(path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${phoneUrl}/sandbox${path}`, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    const answer: unknown = await response.json();
    if (!response.ok && response.status !== 408) throw new Error(`The phone network refused ${path}: ${JSON.stringify(answer)}`);
    return answer as Answer;
  }
  const messages = async (query: Record<string, string>): Promise<MessageRecord[]> =>
    (await ask<{ messages: MessageRecord[] }>(`/messages?${new URLSearchParams(query).toString()}`)).messages.sort((a, b) => a.createdAt - b.createdAt);
  return {
    async register(number, label, manner) {
      await ask('/phones', { number, label, ...manner });
    },
    async arm(fault) {
      await ask('/faults', fault);
    },
    async delivered(to, contains, after = 0) {
      const endsAt = Date.now() + patienceMs;
      for (let known = 0; Date.now() < endsAt; ) {
        const found = await messages({ to, contains, status: 'delivered', atLeast: String(known + 1), withinMs: '20000' });
        const fit = found.find((message) => message.createdAt > after);
        if (fit !== undefined) return fit;
        known = found.length;
      }
      throw new Error(`No text with "${contains}" reached ${to}.`);
    },
    async reply(from, text) {
      const endsAt = Date.now() + patienceMs;
      const path = `/phones/${encodeURIComponent(from)}/reply`;
      while (!(await ask<{ webhookAccepted: boolean }>(path, { text })).webhookAccepted) {
        if (Date.now() > endsAt) throw new Error(`The hospital's number took no text from ${from}.`);
        await delay(500);
      }
    },
    messagesTo: (number) => messages({ to: number }),
    messagesFrom: (number) => messages({ from: number }),
    callsTo: async (number) => (await ask<{ calls: CallRecord[] }>(`/calls?${new URLSearchParams({ to: number }).toString()}`)).calls,
    recordingsOf: async (callSid) => (await ask<{ recordings: RecordingRecord[] }>(`/recordings?callSid=${callSid}`)).recordings,
  };
}
