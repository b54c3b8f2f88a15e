import type { Card, ListRequest, OpenRequest, SealedValue, Verdict } from './types.ts';
import { GateRefused } from './errors.ts';
import { asked, askedOne, toHex, toInstant } from './connection.ts';
import type { Connection } from './connection.ts';

/** Opening a right and reading by it. Opening and reading must be two transactions. */
export interface Grants {
  /** Asks for a right; answers with a secret whether or not it is given. Never raises on refusal. */
  open(request: OpenRequest): Promise<string>;
  /** Asks for a list: like `open`, but those who are not in the asker's care are left out of the right and its event, and nothing is refused for them. */
  openListed(request: ListRequest): Promise<string>;
  /** What was decided. Throws {@link GrantGone} in the transaction that opened, past expiry, or when overtaken by a withdrawal. */
  verdict<Detail = Record<string, unknown>>(secret: string): Promise<Verdict<Detail>>;
  /** The newest version of each value that the grant names. */
  read(secret: string): Promise<SealedValue[]>;
  /** The verdict and, when it is `allowed`, what `read` gives: one statement for a contact's two questions. */
  take<Detail = Record<string, unknown>>(secret: string): Promise<{ verdict: Verdict<Detail>; values: SealedValue[] }>;
  /** All versions of each value that the grant names. */
  readHistory(secret: string): Promise<SealedValue[]>;
  /** How each patient may be contacted; needs the field `contact.card`. */
  readCard(secret: string): Promise<Card[]>;
  /** Opens, then reads in another transaction. Throws {@link GateRefused}. Not to be called inside a transaction. */
  openAndRead(request: OpenRequest): Promise<{ secret: string; verdict: Verdict; values: SealedValue[] }>;
  /** The verdict, or {@link GateRefused} when it is not `allowed`. */
  demand<Detail = Record<string, unknown>>(secret: string): Promise<Verdict<Detail>>;
}

interface VerdictRow {
  verdict: Verdict['verdict'];
  reason: string | null;
  actorKind: Verdict['actorKind'];
  actorId: string;
  patientIds: string[];
  fields: string[];
  detail: unknown;
  receipt: Uint8Array;
  expiresAt: string;
}

function toVerdict<Detail>(row: VerdictRow): Verdict<Detail> {
  // The shape of detail is the gate's own, one per action; its tests hold it to the types of types.ts.
  return { ...row, detail: row.detail as Detail, receipt: toHex(row.receipt), expiresAt: toInstant(row.expiresAt) };
}

type ValueRow = Omit<SealedValue, 'recordedAt'> & { recordedAt: string };
const toValue = (row: ValueRow): SealedValue => ({ ...row, recordedAt: toInstant(row.recordedAt) });

export function createGrants(sql: Connection): Grants {
  const grants: Grants = {
    async open({ token, purpose, action, patients, fields, reason, enrolmentId }) {
      if (enrolmentId !== undefined) {
        return (await askedOne(sql<{ secret: string }[]>`select gate.open_enrolment(${token}, ${purpose}, ${action}, ${enrolmentId}, ${[...fields]}::text[], ${reason ?? null}) as secret`)).secret;
      }
      const row = await askedOne(
        sql<{ secret: string }[]>`select gate.open(${token}, ${purpose}, ${action}, ${[...patients]}::uuid[], ${[...fields]}::text[], ${reason ?? null}) as secret`,
      );
      return row.secret;
    },
    async openListed({ token, purpose, action, patients, fields, reason }) {
      return (await askedOne(sql<{ secret: string }[]>`select gate.open_listed(${token}, ${purpose}, ${action}, ${[...patients]}::uuid[], ${[...fields]}::text[], ${reason ?? null}) as secret`)).secret;
    },
    async verdict<Detail>(secret: string): Promise<Verdict<Detail>> {
      const row = await askedOne(sql<VerdictRow[]>`
        select verdict, reason, actor_kind as "actorKind", actor_id as "actorId", patient_ids as "patientIds", fields, detail, receipt, expires_at as "expiresAt"
        from gate.verdict(${secret})`);
      return toVerdict<Detail>(row);
    },
    async take<Detail>(secret: string) {
      const { values, ...row } = await askedOne(sql<(VerdictRow & { values: (Omit<ValueRow, 'sealed'> & { sealed: string })[] })[]>`
        select verdict, reason, actor_kind as "actorKind", actor_id as "actorId", patient_ids as "patientIds", fields, detail, receipt, expires_at as "expiresAt",
          case when verdict = 'allowed' then (
            select coalesce(jsonb_agg(jsonb_build_object('patientId', patient_id, 'field', field, 'rowId', row_id, 'version', version, 'keyId', key_id,
              'sealed', encode(sealed, 'hex'), 'recordedAt', recorded_at, 'recordedBy', recorded_by)), '[]')
            from gate.read(${secret})) else '[]' end as values
        from gate.verdict(${secret})`);
      return { verdict: toVerdict<Detail>(row), values: values.map((value) => toValue({ ...value, sealed: Buffer.from(value.sealed, 'hex') })) };
    },
    async read(secret) {
      const rows = await asked(sql<ValueRow[]>`
        select patient_id as "patientId", field, row_id as "rowId", version, key_id as "keyId", sealed, recorded_at as "recordedAt", recorded_by as "recordedBy"
        from gate.read(${secret})`);
      return rows.map(toValue);
    },
    async readHistory(secret) {
      const rows = await asked(sql<ValueRow[]>`
        select patient_id as "patientId", field, row_id as "rowId", version, key_id as "keyId", sealed, recorded_at as "recordedAt", recorded_by as "recordedBy"
        from gate.read_history(${secret})`);
      return rows.map(toValue);
    },
    async readCard(secret) {
      return asked(sql<Card[]>`select patient_id as "patientId", status, zone, language, department, addresses, consents from gate.read_card(${secret})`);
    },
    async demand<Detail>(secret: string) {
      const verdict = await grants.verdict<Detail>(secret);
      if (verdict.verdict !== 'allowed') throw new GateRefused(verdict.verdict, verdict.reason ?? 'unknown', verdict.receipt);
      return verdict;
    },
    async openAndRead(request) {
      const secret = await grants.open(request);
      const verdict = await grants.demand(secret);
      return { secret, verdict, values: await grants.read(secret) };
    },
  };
  return grants;
}
