import type { FollowUpEffect, FollowUpState, Instant } from '../follow-up/types.ts';
import type { Plan } from '../plan/format.ts';

/** What becomes of an enrolment whose plan has a newer version: it stays, its position is taken over, or the new version begins anew. */
export const migrationChoices = ['keep', 'move', 'restart'] as const;
export type MigrationChoice = (typeof migrationChoices)[number];

/** Every step of the old version to the step of the new one that goes on with it; null: the new version drops it. */
export type StepMap = Readonly<Record<string, string | null>>;

/**
 * Why an enrolment is not moved. A contact, a conversation, a receipt and a failed channel pass by themselves, and a later order may move it; name-taken: a
 * step would get the name of one that was dropped earlier, so another map, or a new version, is needed.
 */
export const migrationRefusals = ['ended', 'contact-in-flight', 'open-conversation', 'receipt-awaited', 'channel-tried', 'name-taken'] as const;
export type MigrationRefusal = (typeof migrationRefusals)[number];

/**
 * What changes for one touchpoint. added: planned, new to the patient; again: planned once more by a restart; passed: new, its time is over,
 * so it is not sent; redated: another time; late: its new time is over, so its author's rule for late steps has dealt with it;
 * dropped: waited for, and no part of the new version; merged: falls together with another day of its series; exhausted: it was tried on
 * every channel that the new version leaves.
 */
export const migrationChangeKinds = ['added', 'again', 'passed', 'redated', 'late', 'dropped', 'merged', 'exhausted'] as const;

/**
 * What an examination tells besides, of conditions as facts and days decide them. may-be-added: new, and it depends on what is not known yet; ruled-out-new:
 * new, and its condition does not hold; ruled-out-dropped: dropped, and its condition did not hold; let-in, ruled-out, left-open: on both
 * sides, and the new condition lets it go ahead, does not, or depends on what is not known yet, where the old one came to something else.
 */
export const examinedKinds = [...migrationChangeKinds, 'may-be-added', 'ruled-out-new', 'ruled-out-dropped', 'let-in', 'ruled-out', 'left-open'] as const;
export type ExaminedKind = (typeof examinedKinds)[number];

export interface MigrationChange {
  kind: (typeof migrationChangeKinds)[number];
  /** Of the new version; of the old one where it is dropped. */
  stepId: string;
  recurrenceId: string;
  /** When it was due, null for what is new or undated; and when it is, null for what is over or waits for its anchor. */
  from: Instant | null;
  to: Instant | null;
}

export interface MigrationInput {
  from: Plan;
  to: Plan;
  stepMap: StepMap;
  choice: MigrationChoice;
  state: FollowUpState;
  /** Touchpoints with a contact that was begun and of which nobody knows yet what it came to. */
  inFlight: ReadonlySet<string>;
  now: Instant;
  /** Who ordered it, as stories name people, and why, as a code. */
  by: string;
  why: string;
  /** Gives random ids. */
  newId: () => string;
}

export type Migrated =
  | { kind: 'migrated'; state: FollowUpState; changes: MigrationChange[]; effects: FollowUpEffect[]; ends: boolean }
  | { kind: 'refused'; reason: MigrationRefusal };

/** Why two versions cannot be migrated between, or why a step map does not fit them. `stepId` names the step at fault, where one is. */
export interface VersionFault {
  stepId: string | null;
  message: string;
}

