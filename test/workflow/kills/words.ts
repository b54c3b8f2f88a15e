import type { CareActivities } from '../../../domain/threads.ts';

/** What a worker's process and the test say to each other. */
export type FromWorker = { kind: 'ready' } | { kind: 'ask'; id: number; name: keyof CareActivities; args: unknown[] };
export type ToWorker = { kind: 'work' } | { kind: 'answer'; id: number; value: unknown };
