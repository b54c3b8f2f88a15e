import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { createGate } from '../../store/gate.ts';
import type { Card, Gate } from '../../store/gate.ts';
import { DuplicateIdentifier, putText, setAddress, setMrn, tellFollowUps } from '../../store/patients.ts';
import type { AddressToSet } from '../../store/patients.ts';
import { createTask } from '../../store/tasks.ts';
import { createMergeReview } from '../../store/worklist.ts';
import { birthDate, contactData, mrn, mrnForm, name, note, readContact, sex } from '../patient-data.ts';
import { patientCard, showPatient } from '../patient-card.ts';
import { Problem, fieldFaultSchema, invalidField } from '../problem.ts';
import { demandDepartment } from '../department.ts';
import { route } from '../route.ts';
import type { Asker, Route } from '../route.ts';
import { department, id, language, zone } from '../schemas.ts';

const tag = 'patients';
const params = z.object({ patientId: id });
const dayMs = 24 * 3_600_000;

const registration = z.strictObject({ name, birthDate, sex: sex.optional(), mrn, language, zone, department, note: note.optional(), ...contactData });
const addresses = z.array(z.object({ addressId: id, kind: z.enum(['phone', 'email']), rank: z.int() })).meta({ description: 'What is on the card now, by the ids that an opt-out takes. Rank 1 is tried first.' });
const registered = z.object({ patientId: id, addresses, faults: z.array(fieldFaultSchema), repairTaskId: id.nullable() }).meta({ id: 'RegisteredPatient' });
const changed = z.object({ patientId: id, enrolmentsTold: z.int() }).meta({ id: 'PatientChanged' });
const repaired = changed.extend({ addresses }).meta({ id: 'ContactRepaired' });

export const patientRoutes: readonly Route[] = [
  route(
    'signed-in',
    {
      method: 'post', path: '/v1/patients', tag, summary: 'Register a patient', status: 201, problems: ['refused', 'duplicate-identifier'],
      description: 'A bad phone or mailbox does not block the rest: it is left out, named in `faults`, and a repair task is made. A known medical record number ends in 409 and a merge-review task, never in a second card. Consent is never made here.',
      body: registration, answer: registered,
    },
    async (asked) => {
      await demandDepartment(asked, asked.body.department, { action: 'register-patient', subject: `department/${asked.body.department}` });
      try {
        return await register(asked, asked.body);
      } catch (error) {
        if (error instanceof DuplicateIdentifier) throw await duplicate(asked, asked.body);
        throw error;
      }
    },
  ),
  route(
    'signed-in',
    {
      method: 'post', path: '/v1/patients/search', tag, summary: 'Find patients by number, mailbox or record number', description: 'In the body, because an address is not for a URL. Finds only patients of your departments.', keyed: false,
      body: z.strictObject({ kind: z.enum(['phone', 'email', 'mrn']), value: z.string().min(1).max(254) }), answer: z.object({ patientIds: z.array(id) }), problems: ['refused'],
    },
    async ({ deps, body, open }) => {
      const value = searched(body);
      if (value === undefined) throw invalidField('/value', { phone: 'Write the number with + and its country code.', email: 'Write an e-mail address.', mrn: mrnForm }[body.kind]);
      const index = deps.vault.blindIndex(body.kind, value);
      const secret = await open({ purpose: 'follow-up', action: 'find-patient', patients: [], fields: [] });
      return { patientIds: await deps.gate.find(secret, body.kind, index) };
    },
  ),
  route('signed-in', { method: 'get', path: '/v1/patients/{patientId}', tag, summary: 'The card of a patient', params, answer: patientCard, problems: ['refused'] }, (asked) => showPatient(asked, asked.params.patientId)),
  route(
    'signed-in',
    {
      method: 'put', path: '/v1/patients/{patientId}/contact', tag, summary: 'Repair contact data', description: 'Each list that is given takes the place of the one before; what failed for it is offered again.', params,
      body: z.strictObject(contactData).refine((body) => body.phones !== undefined || body.emails !== undefined, 'Give phones or emails.'), answer: repaired, problems: ['refused'],
    },
    async (asked) => {
      const { patientId } = asked.params;
      const read = readContact(asked.body);
      if (read.faults.length > 0) throw new Problem('invalid', 'Correct the fields that "errors" lists; nothing was changed.', { errors: read.faults });
      const secret = await asked.open({ purpose: 'administration', action: 'repair-contact', patients: [patientId], fields: ['address.value', 'contact.card'] });
      const replaced = new Set([...(asked.body.phones === undefined ? [] : ['phone']), ...(asked.body.emails === undefined ? [] : ['email'])]);
      return asked.commit(async (tx, tell) => {
        const kept = new Set<string>();
        for (const address of inOneOrder(read.addresses)) kept.add(await setAddress(tx, asked.deps.vault, secret, patientId, address));
        const left = await removeReplaced(createGate(tx), secret, patientId, ({ kind, addressId }) => replaced.has(kind) && !kept.has(addressId));
        return { ...told(patientId, await tellFollowUps(tx, patientId, { kind: 'contact-repaired' }, actorOf(asked), asked.now), tell), addresses: left.map(({ addressId, kind, rank }) => ({ addressId, kind, rank })) };
      });
    },
  ),
  route(
    'signed-in',
    {
      method: 'put', path: '/v1/patients/{patientId}/status', tag, summary: 'Deceased, admitted, inactive, or active again', description: 'Deceased ends every follow-up; admitted and inactive pause; active resumes what the status had paused.', params,
      body: z.strictObject({ status: z.enum(['active', 'admitted', 'deceased', 'inactive']) }), answer: changed, problems: ['refused'],
    },
    async (asked) => {
      const { patientId } = asked.params;
      const { status } = asked.body;
      const secret = await asked.open({ purpose: 'administration', action: 'change-status', patients: [patientId], fields: ['contact.card'], act: `status=${status}` });
      return asked.commit(async (tx, tell) => {
        await createGate(tx).setStatus(secret, patientId, status);
        return told(patientId, await tellFollowUps(tx, patientId, { kind: 'status', status }, actorOf(asked), asked.now), tell);
      });
    },
  ),
  route(
    'signed-in',
    { method: 'put', path: '/v1/patients/{patientId}/zone', tag, summary: 'The time zone that the patient lives in', description: 'Steps that have not begun are dated anew.', params, body: z.strictObject({ zone }), answer: changed, problems: ['refused'] },
    async (asked) => {
      const { patientId } = asked.params;
      const secret = await asked.open({ purpose: 'administration', action: 'change-patient', patients: [patientId], fields: ['contact.card'], act: 'zone' });
      return asked.commit(async (tx, tell) => {
        await createGate(tx).setZone(secret, patientId, asked.body.zone);
        return told(patientId, await tellFollowUps(tx, patientId, { kind: 'zone-changed', zone: asked.body.zone }, actorOf(asked), asked.now), tell);
      });
    },
  ),
];

function actorOf({ session }: Pick<Asker, 'session'>): string {
  return `person/${session.personId}`;
}

/** In the form in which it was indexed; undefined when it is none of its kind. */
function searched({ kind, value }: { kind: 'phone' | 'email' | 'mrn'; value: string }): string | undefined {
  switch (kind) {
    case 'phone':
      return readContact({ phones: [{ number: value }] }).addresses[0]?.value;
    case 'email':
      return readContact({ emails: [value] }).addresses[0]?.value;
    case 'mrn':
      return mrn.safeParse(value).data;
  }
}

type Threads = Awaited<ReturnType<typeof tellFollowUps>>;

function told(patientId: string, threads: Threads, tell: (threads: Threads) => void): z.input<typeof changed> {
  tell(threads);
  return { patientId, enrolmentsTold: threads.length };
}

async function register(asked: Asker, person: z.output<typeof registration>): Promise<z.input<typeof registered>> {
  const { vault } = asked.deps;
  const patientId = randomUUID();
  const read = readContact(person);
  const { faults } = read;
  const secret = await asked.open({ purpose: 'administration', action: 'register-patient', patients: [patientId], fields: ['patient.name', 'patient.birth-date', 'patient.sex', 'patient.mrn', 'patient.note', 'address.value'] });
  return asked.commit(async (tx) => {
    await createGate(tx).registerPatient(secret, { patientId, zone: person.zone, language: person.language, department: person.department });
    const texts = [['patient.name', person.name], ['patient.birth-date', person.birthDate], ['patient.sex', person.sex], ['patient.note', person.note]] as const;
    for (const [field, text] of texts) if (text !== undefined) await putText(tx, vault, secret, { patientId, field, rowId: randomUUID(), version: 1, text });
    await setMrn(tx, vault, secret, patientId, person.mrn);
    const set: z.input<typeof addresses> = [];
    for (const { kind, rank, value } of inOneOrder(read.addresses)) set.push({ addressId: await setAddress(tx, vault, secret, patientId, { kind, rank, value }), kind, rank });
    const repairTaskId = faults.length === 0 ? null : await createTask(tx, { patientId, enrolmentId: null, touchpointId: null, inboundId: null, department: person.department, kind: 'repair-contact', title: 'registered-with-faults', dueAt: new Date(Date.parse(asked.now) + dayMs).toISOString(), createdAt: asked.now });
    return { patientId, addresses: set, faults, repairTaskId };
  });
}

/** Two patients who share addresses, written at the same time, take their locks in one order. */
function inOneOrder(addresses: readonly AddressToSet[]): AddressToSet[] {
  return [...addresses].sort((a, b) => a.value.localeCompare(b.value));
}

/**
 * Removes what a repair takes the place of, and answers with what is on the card then. The card is held from the first address that is set or removed, and is looked at anew behind each: a repair
 * that was awaited for it has left addresses there that no earlier look saw, and a number that was repaired away would still be texted.
 */
async function removeReplaced(gate: Gate, secret: string, patientId: string, isReplaced: (address: Card['addresses'][number]) => boolean): Promise<Card['addresses']> {
  const [card] = await gate.readCard(secret);
  const old = card?.addresses.find(isReplaced);
  if (old === undefined) return card?.addresses ?? [];
  await gate.removeAddress(secret, patientId, old.addressId);
  return removeReplaced(gate, secret, patientId, isReplaced);
}

/** A human decides whether the two are one person; the caller learns the card only where it is theirs to see. */
async function duplicate(asked: Asker, person: z.output<typeof registration>): Promise<Problem> {
  const secret = await asked.open({ purpose: 'administration', action: 'find-patient', patients: [], fields: [], act: 'duplicate-identifier' });
  const [patientId] = await asked.deps.gate.find(secret, 'mrn', asked.deps.vault.blindIndex('mrn', person.mrn));
  const taskId = await asked.deps.sql.begin((tx) =>
    createMergeReview(tx, { patientId: patientId ?? null, department: person.department, identifierKind: 'mrn', now: asked.now, dueAt: new Date(Date.parse(asked.now) + dayMs).toISOString() }),
  );
  return new Problem('duplicate-identifier', 'Nothing was registered: open the known card, or work the merge-review task that was made.', {
    errors: [{ pointer: '/mrn', message: 'A patient with this medical record number is known already.' }],
    context: { taskId, patientId: patientId ?? null },
  });
}
