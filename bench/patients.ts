import { randomUUID } from 'node:crypto';
import type { Plan } from '../domain/plan/format.ts';
import { readsOf } from '../domain/plan/reads.ts';
import type { Questionnaire } from '../domain/questionnaire/format.ts';
import { json } from '../store/connect.ts';
import type { Sql } from '../store/connect.ts';
import type { Vault } from '../store/vault/index.ts';
import { atOnce } from './at-once.ts';

const zoneAtNoon = (): string => {
  const hoursAhead = 12 - new Date().getUTCHours();
  // In these names the sign is turned: Etc/GMT-3 is three hours ahead.
  return hoursAhead === 0 ? 'UTC' : `Etc/GMT${hoursAhead > 0 ? '-' : '+'}${Math.abs(hoursAhead)}`;
};

/** Fictional patients with consent to SMS, each with a name and a number sealed by the vault, in a zone where it is about noon now. Answers with their ids. */
export async function plantPatients(root: Sql, vault: Vault, count: number, firstNumber: number): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, index) => numberOf(firstNumber + index));
  const rows: { patient: string; address: string; row: string; index: string; name: string; number: string }[] = [];
  await atOnce(4, numbers, async (number) => {
    const patient = randomUUID();
    const row = randomUUID();
    const sealed = async (field: string, rowId: string, text: string): Promise<string> => (await vault.sealText(text, { patientId: patient, field, rowId, version: 1, retentionClass: 'care' })).toString('hex');
    rows.push({ patient, address: randomUUID(), row, index: vault.blindIndex('phone', number).toString('hex'), name: await sealed('patient.name', row, 'Ada Example'), number: await sealed('address.value', row, number) });
  });
  const planted = json(root, rows);
  await root.begin(async (tx) => {
    await tx`create temporary table planted on commit drop as select * from jsonb_to_recordset(${planted}) as r(patient uuid, address uuid, row uuid, index text, name text, number text)`;
    await tx`insert into phi.contact_state (patient_id, zone, language, department) select patient, ${zoneAtNoon()}, 'en', 'bench' from planted`;
    await tx`insert into phi.address (address_id, kind, blind_index) select address, 'phone', decode(index, 'hex') from planted`;
    await tx`insert into phi.patient_address (patient_id, address_id, row_id) select patient, address, row from planted`;
    await tx`insert into phi.value (patient_id, field, row_id, version, key_id, sealed, recorded_by)
      select patient, 'patient.name', row, 1, gen_random_uuid(), decode(name, 'hex'), 'bench' from planted
      union all select patient, 'address.value', row, 1, gen_random_uuid(), decode(number, 'hex'), 'bench' from planted`;
    await tx`insert into phi.consent (patient_id, purpose, channel, granted_at, granted_by, evidence_kind, notice_version) select patient, 'follow-up', 'sms', clock_timestamp(), 'bench', 'paper', '1' from planted`;
  });
  return rows.map((row) => row.patient);
}

/** A plan as if it were published; the gate publishes only in the name of somebody who has a session. */
export async function plantPlan(root: Sql, plan: Plan, questionnaires: Readonly<Record<string, Questionnaire>>): Promise<void> {
  await root`insert into care.plan (plan_id, version, body, reads, source, published_by)
    values (${plan.id}, ${plan.version}, ${json(root, plan)}, ${json(root, readsOf(plan, questionnaires))}, '', 'bench') on conflict do nothing`;
}

/** Numbers kept for fiction: 555-0100 to 555-0199 in each area. */
function numberOf(index: number): string {
  return `+1${200 + Math.floor(index / 100)}55501${String(index % 100).padStart(2, '0')}`;
}
