import { freshDialogue } from '../../domain/dialogue/progress.ts';
import { dialogueProgressSchema, voiceProgressSchema } from '../../domain/dialogue/progress-schema.ts';
import type { DialogueProgress, VoiceProgress } from '../../domain/dialogue/types.ts';
import type { Channel } from '../../domain/codes.ts';
import type { Questionnaire } from '../../domain/questionnaire/format.ts';
import { responseOf } from '../../domain/questionnaire/response.ts';
import type { Transaction } from '../../store/connect.ts';
import { createGate, VersionConflict } from '../../store/gate.ts';
import type { Field, Gate } from '../../store/gate.ts';
import { keyIdOf } from '../../store/vault/seal.ts';
import type { Vault } from '../../store/vault/index.ts';

/** A right to one conversation's sealed values, within a transaction. */
export interface ProgressPlace {
  tx: Transaction;
  gate: Gate;
  vault: Vault;
  secret: string;
  patientId: string;
  touchpointId: string;
}

export interface StoredProgress {
  /** 0: nothing is stored yet. */
  version: number;
  dialogue: DialogueProgress;
  /** Where the call stands, or the last one stood; null when there was none. */
  voice: VoiceProgress | null;
}

export async function readProgress(place: ProgressPlace): Promise<StoredProgress> {
  const value = (await place.gate.read(place.secret)).find((candidate) => candidate.field === 'conversation.progress' && candidate.rowId === place.touchpointId);
  if (value === undefined) return { version: 0, dialogue: freshDialogue(), voice: null };
  const stored = await place.vault.openJson(value.sealed, value);
  const voice = voiceProgressSchema.safeParse(stored);
  if (voice.success) return { version: value.version, dialogue: voice.data.dialogue, voice: voice.data };
  return { version: value.version, dialogue: dialogueProgressSchema.parse(stored), voice: null };
}

/**
 * Stores progress as the next version. That of a call is written so that it reads as a text's progress too: after a call that
 * nobody finished, the conversation may go on by text. A text leaves the call where it stands: who is there is known, and what was asked.
 */
export async function writeProgress(place: ProgressPlace, before: StoredProgress, progress: DialogueProgress | VoiceProgress): Promise<void> {
  const voice = 'dialogue' in progress ? progress : before.voice === null ? null : { ...before.voice, dialogue: progress };
  await putJson(place, 'conversation.progress', before.version + 1, voice === null ? progress : { ...voice.dialogue, ...voice });
}

/** Stores the set of answers with its scores when the dialogue is over: once for each conversation. */
export async function writeAnswers(place: ProgressPlace, questionnaire: Questionnaire, dialogue: DialogueProgress, channel: Channel): Promise<void> {
  const response = responseOf(questionnaire, dialogue, channel);
  try {
    await place.tx.savepoint((inner) => putJson({ ...place, gate: createGate(inner) }, 'response.answers', 1, response));
  } catch (error) {
    // Staff have recorded the answers meanwhile: theirs stand, and what the patient said stays in the progress.
    if (!(error instanceof VersionConflict)) throw error;
  }
}

async function putJson(place: ProgressPlace, field: Field, version: number, value: unknown): Promise<void> {
  const where = { patientId: place.patientId, field, rowId: place.touchpointId, version };
  const sealed = await place.vault.sealJson(value, { ...where, retentionClass: 'care' });
  await place.gate.put(place.secret, { ...where, keyId: keyIdOf(sealed), sealed });
}
