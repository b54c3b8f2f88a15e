import { setTimeout as delay } from 'node:timers/promises';
import type { ApiSide, SaidOfLook } from './api-side.ts';

export interface Answered {
  total: number;
  groups: { count: number; words: { en: string } }[];
}

export interface Asked {
  answer: Answered;
  wallMs: number;
  look: SaidOfLook;
  /** What others met meanwhile: how many asks were answered, and the slowest of them. */
  others: { answered: number; slowestMs: number };
}

/** Between two asks: others are to be measured, not to be the load. */
const othersEveryMs = 50;

/** Examines by HTTP, and asks meanwhile for something that takes nothing. */
export async function examineByHttp(side: ApiSide, token: string, planId: string): Promise<Asked> {
  const begun = performance.now();
  const state = { isDone: false };
  const examined = fetch(`${side.origin}/v1/plans/${planId}/versions/1/examine`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify({ to: 2 }) }).finally(() => {
    state.isDone = true;
  });
  const others = { answered: 0, slowestMs: 0 };
  const asking = (async () => {
    while (!state.isDone) {
      const since = performance.now();
      await (await fetch(`${side.origin}/healthz`)).text();
      others.answered += 1;
      others.slowestMs = Math.max(others.slowestMs, performance.now() - since);
      await delay(othersEveryMs);
    }
  })();
  const response = await examined;
  const text = await response.text();
  const wallMs = performance.now() - begun;
  await asking;
  const look = side.lastLook();
  if (response.status !== 200 || look === null) throw new Error(`The examination ended with ${response.status}: ${text}`);
  return { answer: JSON.parse(text) as Answered, wallMs, look, others };
}
