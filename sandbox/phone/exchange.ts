import type { Journal } from './journal.ts';
import type { Alert, ApiLogEntry, CallRecord, MessageRecord, PhoneRecord, RecordingRecord } from './types.ts';
import { callRecord, messageRecord, phoneRecord, recordingRecord, alertRecord, logRecord, optOutRecord } from './exchange-records.ts';

/** What changed; the page and waiting tests are told. */
export type Change =
  | { kind: 'message'; record: MessageRecord }
  | { kind: 'call'; record: CallRecord }
  | { kind: 'recording'; record: RecordingRecord }
  | { kind: 'phone'; record: PhoneRecord }
  | { kind: 'alert'; record: Alert }
  | { kind: 'request'; record: ApiLogEntry }
  | { kind: 'opt-out'; record: OptOut }
  | { kind: 'faults' };

/** The provider's own block of a pair of numbers (only where the network handles opt-out itself). */
export interface OptOut {
  from: string;
  to: string;
  out: boolean;
}

/** All that the network knows. Records are replaced, never changed in place: save a copy with the difference. */
export interface Exchange {
  readonly messages: ReadonlyMap<string, MessageRecord>;
  readonly calls: ReadonlyMap<string, CallRecord>;
  readonly recordings: ReadonlyMap<string, RecordingRecord>;
  readonly phones: ReadonlyMap<string, PhoneRecord>;
  readonly alerts: readonly Alert[];
  readonly requests: readonly ApiLogEntry[];
  readonly optOuts: ReadonlyMap<string, OptOut>;
  readonly journal: Journal;
  save(change: Change): void;
  /** The phone of a number, made at first sight with a `live` behaviour. */
  phone(number: string): PhoneRecord;
  subscribe(listener: (change: Change) => void): () => void;
  /** Resolves with the first defined answer of `check`, tried now and after each change; rejects when `signal` aborts. */
  until<T>(check: () => T | undefined, signal: AbortSignal): Promise<T>;
}

export const optOutKey = (from: string, to: string): string => `${from} ${to}`;

export function openExchange(journal: Journal): Exchange {
  const messages = new Map<string, MessageRecord>();
  const calls = new Map<string, CallRecord>();
  const recordings = new Map<string, RecordingRecord>();
  const phones = new Map<string, PhoneRecord>();
  const optOuts = new Map<string, OptOut>();
  const alerts: Alert[] = [];
  const requests: ApiLogEntry[] = [];
  const listeners = new Set<(change: Change) => void>();

  function hold(change: Change): void {
    switch (change.kind) {
      case 'message': messages.set(change.record.sid, change.record); break;
      case 'call': calls.set(change.record.sid, change.record); break;
      case 'recording': recordings.set(change.record.sid, change.record); break;
      case 'phone': phones.set(change.record.number, change.record); break;
      case 'alert': alerts.push(change.record); break;
      case 'request': requests.push(change.record); break;
      case 'opt-out': optOuts.set(optOutKey(change.record.from, change.record.to), change.record); break;
      case 'faults': break;
    }
  }

  for (const line of journal.read()) {
    switch (line.kind) {
      case 'message': hold({ kind: 'message', record: messageRecord.parse(line.record) }); break;
      case 'call': hold({ kind: 'call', record: callRecord.parse(line.record) }); break;
      case 'recording': hold({ kind: 'recording', record: recordingRecord.parse(line.record) }); break;
      case 'phone': hold({ kind: 'phone', record: phoneRecord.parse(line.record) }); break;
      case 'alert': hold({ kind: 'alert', record: alertRecord.parse(line.record) }); break;
      case 'request': hold({ kind: 'request', record: logRecord.parse(line.record) }); break;
      case 'opt-out': hold({ kind: 'opt-out', record: optOutRecord.parse(line.record) }); break;
    }
  }

  const exchange: Exchange = {
    messages, calls, recordings, phones, alerts, requests, optOuts, journal,
    save(change) {
      hold(change);
      if (change.kind !== 'faults') journal.append({ kind: change.kind, record: change.record });
      for (const listener of [...listeners]) listener(change);
    },
    phone(number) {
      const known = phones.get(number);
      if (known !== undefined) return known;
      const fresh: PhoneRecord = { number, label: '', text: 'normal', calls: [{ kind: 'live' }] };
      exchange.save({ kind: 'phone', record: fresh });
      return fresh;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    until(check, signal) {
      return new Promise((resolve, reject) => {
        const finish = (settle: () => void): void => {
          unsubscribe();
          signal.removeEventListener('abort', aborted);
          settle();
        };
        const aborted = (): void => finish(() => reject(new Error('Waited for the phone network, and what was waited for did not happen in time.')));
        const attempt = (): void => {
          const found = check();
          if (found !== undefined) finish(() => resolve(found));
        };
        const unsubscribe = exchange.subscribe(attempt);
        signal.addEventListener('abort', aborted);
        if (signal.aborted) aborted();
        else attempt();
      });
    },
  };
  return exchange;
}
