import { z } from 'zod';
import { openTexts } from '../store/patients.ts';
import { notFound } from './problem.ts';
import type { Asker } from './route.ts';
import { channel, id, instant, language } from './schemas.ts';

const address = z.object({
  addressId: id, kind: z.enum(['phone', 'email']), value: z.string(), rank: z.int(), suspendedAt: instant.nullable(), suspendedReason: z.string().nullable(), optedOutAt: instant.nullable(), optedOutBy: z.string().nullable(),
  optedOutForPatient: z.boolean().meta({ description: 'Whether this patient\'s own word keeps it opted out: then it is withdrawn in their name.' }),
  optedOutByOthers: z.boolean().meta({ description: 'Whether it stays opted out whatever is withdrawn in this patient\'s name, because somebody else has it too. Who, and how many, is not told: ask everyone who has it.' }),
});
const consent = z.object({
  consentId: id, purpose: z.string(), channel, grantedAt: instant, grantedBy: z.string(), evidenceKind: z.string(), noticeVersion: z.string(), withdrawnAt: instant.nullable(), withdrawnBy: z.string().nullable(),
});

export const patientCard = z
  .object({
    patientId: id, name: z.string().nullable(), birthDate: z.string().nullable(), sex: z.string().nullable(), mrn: z.string().nullable(), note: z.string().nullable(),
    status: z.string(), zone: z.string(), language: z.union([language, z.string()]), department: z.string(), addresses: z.array(address), consents: z.array(consent),
  })
  .meta({ id: 'PatientCard' });

/** The whole card, by one right. */
export async function showPatient({ deps, open }: Pick<Asker, 'deps' | 'open'>, patientId: string): Promise<z.input<typeof patientCard>> {
  const secret = await open({
    purpose: 'treatment', action: 'show-patient', patients: [patientId],
    fields: ['patient.name', 'patient.birth-date', 'patient.sex', 'patient.mrn', 'patient.note', 'address.value', 'contact.card'],
  });
  const [[card], values] = await Promise.all([deps.gate.readCard(secret), deps.gate.read(secret).then((sealed) => openTexts(deps.vault, sealed))]);
  if (card === undefined) throw notFound('patient');
  const newest = (field: string): string | null => values.filter((value) => value.field === field).sort((a, b) => b.recordedAt.localeCompare(a.recordedAt))[0]?.text ?? null;
  return {
    patientId, name: newest('patient.name'), birthDate: newest('patient.birth-date'), sex: newest('patient.sex'), mrn: newest('patient.mrn'), note: newest('patient.note'),
    status: card.status, zone: card.zone, language: card.language, department: card.department,
    addresses: [...card.addresses].sort((a, b) => b.kind.localeCompare(a.kind) || a.rank - b.rank).map(({ rowId, ...rest }) => ({ ...rest, value: values.find((value) => value.rowId === rowId)?.text ?? '' })),
    consents: card.consents.map((each) => ({ ...each, channel: channel.parse(each.channel) })),
  };
}

/**
 * Names of many patients by one right and one event, for a page of a list: of those in the asker's care. Who has left it stays nameless, and
 * nobody's list is refused for them.
 */
export async function namesOf({ deps, openListed }: Pick<Asker, 'deps' | 'openListed'>, patientIds: readonly (string | null)[]): Promise<Map<string, string>> {
  const patients = [...new Set(patientIds.filter((patientId) => patientId !== null))];
  if (patients.length === 0) return new Map();
  const secret = await openListed({ purpose: 'follow-up', action: 'list-worklist', patients, fields: ['patient.name'] });
  const values = await openTexts(deps.vault, await deps.gate.read(secret));
  return new Map(values.map((value) => [value.patientId, value.text]));
}
