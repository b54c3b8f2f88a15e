import { randomUUID } from 'node:crypto';
import { toldByStatus } from '../domain/follow-up/status.ts';
import type { PatientStatus } from '../domain/follow-up/status.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { Transaction } from './connect.ts';
import { createGate } from './gate.ts';
import type { AddressKind, Field, NewValue, SealedValue } from './gate.ts';
import { VersionConflict } from './gate.ts';
import { liveEnrolmentsOf, pausesToldOf } from './enrolments.ts';
import { tellStory } from './story.ts';
import { tell } from './threads.ts';
import type { ThreadToPoke } from './threads.ts';
import { keyIdOf } from './vault/seal.ts';
import type { Vault } from './vault/index.ts';

/** Follow-up data of a patient is kept as one class; see docs/security.md. */
export const retentionClass = 'care';

/** Thrown when another card has this identifier. */
export class DuplicateIdentifier extends Error {
  readonly code = 'duplicate-identifier';
  readonly kind: string;
  constructor(kind: string) {
    super(`Another patient has this ${kind}.`);
    this.kind = kind;
  }
}

interface TextToSeal {
  patientId: string;
  field: Field;
  rowId: string;
  version: number;
  text: string;
}

/** Seals a value as `gate.put` takes it. The key store is asked, for however long it takes. */
export async function sealValue(vault: Vault, { text, ...place }: TextToSeal): Promise<NewValue> {
  const sealed = await vault.sealText(text, { ...place, retentionClass });
  return { ...place, keyId: keyIdOf(sealed), sealed };
}

/** Seals a value and puts it as the next version of its row, by a grant that may. */
export async function putText(tx: Transaction, vault: Vault, secret: string, value: TextToSeal): Promise<void> {
  await createGate(tx).put(secret, await sealValue(vault, value));
}

/** Opens sealed values, fetching their keys by one query. */
export async function openTexts(vault: Vault, values: readonly SealedValue[]): Promise<(SealedValue & { text: string })[]> {
  await vault.prepare(values.map((value) => value.sealed));
  return Promise.all(values.map(async (value) => ({ ...value, text: await vault.openText(value.sealed, value) })));
}

export interface AddressToSet {
  kind: AddressKind;
  /** E.164, or an e-mail address. */
  value: string;
  /** 1 is tried first. */
  rank: number;
}

/** Puts an address and links it to the patient. Answers with its address id. */
export async function setAddress(tx: Transaction, vault: Vault, secret: string, patientId: string, address: AddressToSet): Promise<string> {
  const rowId = randomUUID();
  await putText(tx, vault, secret, { patientId, field: 'address.value', rowId, version: 1, text: address.value });
  return createGate(tx).setAddress(secret, { patientId, kind: address.kind, blindIndex: vault.blindIndex(address.kind, address.value), rowId, rank: address.rank });
}

/** Claims a medical record number for a patient. Throws {@link DuplicateIdentifier}. */
export async function setMrn(tx: Transaction, vault: Vault, secret: string, patientId: string, mrn: string): Promise<void> {
  await putText(tx, vault, secret, { patientId, field: 'patient.mrn', rowId: randomUUID(), version: 1, text: mrn });
  try {
    await createGate(tx).setIdentifier(secret, { patientId, kind: 'mrn', blindIndex: vault.blindIndex('mrn', mrn) });
  } catch (error) {
    if (error instanceof VersionConflict) throw new DuplicateIdentifier('mrn');
    throw error;
  }
}

/** What every follow-up of a patient is told when something of the patient changed. */
export type PatientFact =
  | { kind: 'contact-repaired' }
  | { kind: 'consent-changed' }
  | { kind: 'opted-out'; address: 'phone' | 'email' }
  | { kind: 'opted-in' }
  | { kind: 'consent-withdrawn' }
  | { kind: 'zone-changed'; zone: string }
  | { kind: 'status'; status: PatientStatus };

/** Tells every live follow-up of a patient, in the transaction of the change. `by` is who changed it. */
export async function tellFollowUps(tx: Transaction, patientId: string, fact: PatientFact, by: string, now: Instant): Promise<ThreadToPoke[]> {
  const threads: ThreadToPoke[] = [];
  // By what was told and not by the row, which changes only when the thread has heard: a status may be put right before that.
  const pausedFor = fact.kind === 'status' ? await pausesToldOf(tx, patientId) : new Map<string, string>();
  for (const { enrolmentId } of await liveEnrolmentsOf(tx, patientId)) {
    const told = eventOf(fact, by, pausedFor.get(enrolmentId) ?? null);
    if (told === null) continue;
    await tellStory(tx, [{ enrolmentId, patientId, touchpointId: null, at: now, what: told.story, detail: { by, reason: told.reason } }]);
    threads.push(await tell(tx, 'followUp', enrolmentId, told.event, now));
  }
  return threads;
}

function eventOf(fact: PatientFact, by: string, pausedFor: string | null): { event: { kind: string }; story: string; reason: string | null } | null {
  const told = (event: { kind: string } & Record<string, string>, story: string, reason: string | null) => ({ event, story, reason });
  switch (fact.kind) {
    case 'contact-repaired':
    case 'consent-changed':
      return told({ kind: fact.kind }, `patient.${fact.kind}`, null);
    case 'opted-out':
      return told({ kind: 'consent-changed', shut: fact.address }, 'patient.opted-out', null);
    case 'opted-in':
      // To the plan it is the same question: what may still be sent, and by what.
      return told({ kind: 'consent-changed' }, 'patient.opted-in', null);
    case 'consent-withdrawn':
      return told({ kind: 'ended', reason: 'consent-withdrawn', by }, 'enrolment.ended', 'consent-withdrawn');
    case 'zone-changed':
      return told({ kind: 'zone-changed', zone: fact.zone }, 'patient.zone-changed', fact.zone);
    case 'status': {
      const event = toldByStatus(fact.status, pausedFor, by);
      return event === null ? null : told(event, `enrolment.${event.kind}`, event.kind === 'resumed' ? 'active' : event.reason);
    }
  }
}
