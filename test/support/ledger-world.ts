import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import type { Sql } from 'postgres';
import { generateNoteKey, noteSigner, noteVerifier } from '../../store/ledger/checkpoint.ts';
import { databaseLines, ledgerRows } from '../../store/ledger/rows.ts';
import { sealPending } from '../../store/ledger/sealer.ts';
import type { Receipt } from '../../store/ledger/receipts.ts';
import type { SealerOptions, SealResult } from '../../store/ledger/sealer.ts';
import { readCheckpointNote } from '../../store/ledger/tiles.ts';
import { verifyLedger } from '../../store/ledger/verify.ts';
import type { LedgerVerdict } from '../../store/ledger/verify.ts';
import { createTestDatabase } from './database.ts';
import type { TestDatabase } from './database.ts';

/** Of every ledger that tests seal. */
export const ledgerKey = generateNoteKey('carethread/test');
export const publicKey = noteVerifier(ledgerKey.publicKey);

/** What a verification is given beside rows and key. */
export interface Evidence {
  witnesses?: string[];
  receipts?: Receipt[];
  directory?: string;
}

/** A ledger and its directory outside the database. */
export interface LedgerWorld {
  database: TestDatabase;
  /** The owner of the database: the one whom the ledger must not have to trust. */
  owner: Sql;
  /** Forgets all and answers with a fresh directory: where each test begins. */
  empty(): Promise<string>;
  /** Writes events with their pending rows, as the gate does. Returns their ids in order. */
  record(count: number): Promise<string[]>;
  sealing(over?: Partial<SealerOptions>): SealerOptions;
  seal(over?: Partial<SealerOptions>): Promise<SealResult>;
  verify(over?: Evidence): Promise<LedgerVerdict>;
  /** Problems that a verification names: kind, leaf and event. */
  found(over?: Evidence): Promise<[string, number | null, string | null][]>;
  checkpointNote(): Promise<string>;
  close(): Promise<void>;
}

export function newEvent(at: Date) {
  return {
    event_id: randomUUID(), at, actor_kind: 'worker', actor_id: 'care', action: 'contact', purpose: 'follow-up', verdict: 'allowed', reason: null,
    patient_ids: [randomUUID(), randomUUID()], subject: `touchpoint/${randomUUID()}`, fields: ['name', 'phone'], detail: null, nonce: randomBytes(16),
  };
}

export async function createLedgerWorld(): Promise<LedgerWorld> {
  const database = await createTestDatabase();
  // Foreign keys and triggers do not hold the one who owns the database.
  const owner = postgres(database.superuserUrl, { max: 3, onnotice: () => undefined, connection: { session_replication_role: 'replica' } });
  const sealerSql = postgres(database.url('ct_sealer'), { max: 4 });
  const signer = noteSigner(ledgerKey.privateKey);
  const home = await mkdtemp(path.join(tmpdir(), 'carethread-ledger-'));
  let directory = home;
  const sealing = (over: Partial<SealerOptions> = {}): SealerOptions => ({ sql: sealerSql, directory, signer, batchSize: 1000, ...over });
  const verify = (over: Evidence = {}): Promise<LedgerVerdict> => verifyLedger({ rows: ledgerRows(databaseLines(owner)), directory, publicKey, ...over });
  return {
    database,
    owner,
    sealing,
    verify,
    async empty() {
      await owner`truncate audit.event, audit.pending, audit.leaf`;
      directory = await mkdtemp(path.join(home, 'test-'));
      return directory;
    },
    async record(count) {
      const begin = Date.UTC(2026, 0, 31);
      const events = Array.from({ length: count }, (_, index) => newEvent(new Date(begin + index * 1000)));
      for (let start = 0; start < count; start += 1000) {
        const part = events.slice(start, start + 1000);
        await owner`insert into audit.event ${owner(part)}`;
        await owner`insert into audit.pending ${owner(part.map(({ event_id, at }) => ({ event_id, at })))}`;
      }
      return events.map((event) => event.event_id);
    },
    seal: (over) => sealPending(sealing(over)),
    found: async (over) => (await verify(over)).problems.map(({ kind, leafIndex, eventId }) => [kind, leafIndex, eventId]),
    checkpointNote: async () => (await readCheckpointNote(directory)) ?? 'no checkpoint',
    async close() {
      await Promise.all([owner.end(), sealerSql.end()]);
      await database.drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
