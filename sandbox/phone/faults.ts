import { z } from 'zod';
import { phoneNumber } from './exchange-records.ts';
import { isCarrierError, isProviderErrorCode } from './provider-error.ts';

export const requestKinds = ['create-message', 'read-messages', 'change-message', 'create-call', 'read-calls', 'change-call', 'recordings'] as const;
/** What an API request is about; faults and the log name requests so. */
export type RequestKind = (typeof requestKinds)[number];

export const faultKinds = [
  'rate-limit', 'server-error', 'slow', 'accept-then-drop', 'refuse', 'refuse-with', 'undeliver-with', 'duplicate-callbacks', 'reorder-callbacks', 'no-callbacks',
] as const;
/**
 * `rate-limit`: 429 with Retry-After. `server-error`: 500, nothing accepted. `slow`: answers after `delayMs`.
 * `accept-then-drop`: a create takes effect, the connection closes unanswered. `refuse`: the connection closes, nothing taken.
 * `refuse-with`: the provider answers with the error `code`. `undeliver-with`: a text is taken, and the carrier tells `code`.
 * `*-callbacks`: status callbacks of a message or call posted twice, in reverse after the end, or never.
 */
export type FaultKind = (typeof faultKinds)[number];

export const faultRequest = z
  .strictObject({
    kind: z.enum(faultKinds),
    /** Which requests; every kind unless told. */
    on: z.enum(['any', ...requestKinds]).default('any'),
    /** Only what concerns this recipient. */
    to: phoneNumber.optional(),
    /** How many requests (callback faults: messages or calls) it strikes; until cleared when absent. */
    times: z.int().positive().optional(),
    delayMs: z.int().nonnegative().max(600_000).default(1000),
    retryAfterSeconds: z.int().nonnegative().default(1),
    /** Of the `*-with` faults. */
    code: z.int().optional(),
  })
  .refine(({ kind, code }) => (kind !== 'refuse-with' || isProviderErrorCode(code)) && (kind !== 'undeliver-with' || isCarrierError(code)), {
    path: ['code'],
    error: 'refuse-with needs the code of an error of the API, such as 21614; undeliver-with one that a carrier tells, such as 30004.',
  });
export type FaultRequest = z.input<typeof faultRequest>;
export type Fault = z.output<typeof faultRequest> & { id: number };

/** The faults that are armed, in the order in which they were. */
export interface Faults {
  add(request: FaultRequest): Fault;
  list(): readonly Fault[];
  /** Clears one by id, or all. */
  clear(id?: number): void;
  /** The first armed fault of that kind which fits; counts it as used. */
  take(kind: FaultKind, on: RequestKind, to: string | null): Fault | undefined;
}

export function createFaults(changed: () => void): Faults {
  let armed: Fault[] = [];
  let lastId = 0;
  return {
    add(request) {
      const fault = { ...faultRequest.parse(request), id: ++lastId };
      armed.push(fault);
      changed();
      return fault;
    },
    list: () => armed,
    clear(id) {
      armed = id === undefined ? [] : armed.filter((fault) => fault.id !== id);
      changed();
    },
    take(kind, on, to) {
      const fault = armed.find((one) => one.kind === kind && (one.on === 'any' || one.on === on) && (one.to === undefined || one.to === to));
      if (fault?.times === undefined) return fault;
      armed = fault.times === 1 ? armed.filter((one) => one !== fault) : armed.map((one) => (one === fault ? { ...one, times: (one.times ?? 1) - 1 } : one));
      changed();
      return fault;
    },
  };
}
