import { readFile } from 'node:fs/promises';
import postgres from 'postgres';
import { openInbound } from '../../store/inbound.ts';
import type { Field } from '../../store/gate.ts';
import { createVault } from '../../store/vault/index.ts';
import type { Binding } from '../../store/vault/index.ts';
import { fileKeyProvider } from '../../store/vault/master-key.ts';
import { fileSecret } from '../../store/vault/secret-file.ts';
import type { World } from '../../sandbox/world.ts';

/** What the play left in everything that is a patient's. */
export interface PatientFields {
  /** Rows by column, of each column that `docs/classification.json` classes as identifying or clinical. */
  columns: Record<string, number>;
  /** What is sealed under each name, opened. */
  opened: Map<string, Buffer[]>;
}

/** No canary can stand in these, and why. */
const withoutCanary: Readonly<Partial<Record<Field, string>>> = {
  'patient.sex': 'one of four words',
  'call.recording': 'a sound; bytes of it are looked for',
  'call.transcript': 'nothing writes it',
  'contact.card': 'a right, not a value',
};

/** Columns in which nothing stays, and why. */
export const passing: Readonly<Record<string, string>> = { 'phi.inbound.reply_sealed': 'an answer is kept until it was handed over, which takes milliseconds' };

/** Every name that the product's type has; a new one does not compile until it is here. */
const everyField: Readonly<Record<Field, true>> = {
  'patient.name': true, 'patient.birth-date': true, 'patient.sex': true, 'patient.mrn': true, 'patient.note': true, 'address.value': true, 'consent.evidence': true, 'opt-out.evidence': true,
  'conversation.progress': true, 'response.answers': true, 'enrolment.facts': true, 'inbound.body': true, 'call.recording': true, 'call.transcript': true, 'contact.card': true,
};
export const fieldsWithCanary = Object.keys(everyField).filter((field) => !Object.hasOwn(withoutCanary, field));

export async function patientFieldsOf(world: World): Promise<PatientFields> {
  const { files } = world.secrets;
  const [sql, keysSql] = [postgres(world.superuserUrl('data'), { max: 1 }), postgres(world.superuserUrl('keys'), { max: 1 })];
  const vault = createVault({ keysSql, keyProvider: await fileKeyProvider(files.masterKeys, { create: false }), indexKey: await fileSecret(files.indexKey, { create: false }) });
  const opened = new Map<string, Buffer[]>();
  const keep = (field: string, value: Buffer): void => void opened.set(field, [...(opened.get(field) ?? []), value]);
  const columns: Record<string, number> = {};
  for (const { table, column } of await patientColumns()) {
    const [row] = await sql.unsafe<{ rows: number }[]>(`select count(${column})::int as rows from ${table}`);
    columns[`${table}.${column}`] = row?.rows ?? 0;
  }
  const values = await sql<(Binding & { sealed: Buffer })[]>`select patient_id as "patientId", field, row_id as "rowId", version, sealed from phi.value`;
  for (const value of values) keep(value.field, await vault.openBytes(value.sealed, value));
  const texts = await sql<{ inboundId: string; sealed: Buffer }[]>`select inbound_id as "inboundId", sealed from phi.inbound`;
  for (const text of texts) keep('inbound.body', Buffer.from(JSON.stringify(await openInbound(vault, text))));
  vault.close();
  await Promise.all([sql.end(), keysSql.end()]);
  return { columns, opened };
}

async function patientColumns(): Promise<{ table: string; column: string }[]> {
  const classes = JSON.parse(await readFile(new URL('../../docs/classification.json', import.meta.url), 'utf8')) as Record<string, Record<string, string>>;
  return Object.entries(classes).flatMap(([table, columns]) => Object.entries(columns).flatMap(([column, is]) => (is === 'identifying' || is === 'clinical' ? [{ table, column }] : [])));
}

/** Bytes of a sound that stand nowhere else: those in which most of it happens. */
export function pieceOf(sound: Buffer): Buffer {
  const size = 48;
  const pieces = Array.from({ length: Math.floor(sound.length / size) }, (_, index) => sound.subarray(index * size, (index + 1) * size));
  return pieces.reduce((best, piece) => (new Set(piece).size > new Set(best).size ? piece : best), Buffer.alloc(size));
}
