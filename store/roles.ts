import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Sql } from 'postgres';

/** The logins of the processes; each process has its own, and none is member of another role. */
export const loginNames = ['ct_migrate', 'ct_worker', 'ct_api', 'ct_auth', 'ct_sealer', 'ct_backup'] as const;
export type Login = (typeof loginNames)[number];

/** Owners of tables and functions; nobody can log in as one of them, and no login is a member. */
export const ownerNames = ['ct_phi', 'ct_gate', 'ct_audit', 'ct_care', 'ct_auth_owner'] as const;
export type Owner = (typeof ownerNames)[number];

/** The two databases: the facts, and the wrapped keys that are backed up apart from them. */
export type DatabaseKind = 'data' | 'keys';

const mayConnect: Readonly<Record<DatabaseKind, readonly Login[]>> = {
  data: loginNames,
  keys: ['ct_migrate', 'ct_worker', 'ct_api', 'ct_backup'],
};
const rights = 'nosuperuser nocreatedb nocreaterole noinherit noreplication nobypassrls';

/** A host that is gone without a word, and what it held with it, is noticed within a minute. */
const noticed = { tcp_keepalives_idle: '30', tcp_keepalives_interval: '10', tcp_keepalives_count: '3' };
/**
 * What one request or activity waits and holds at most: somebody's open transaction else keeps the next ones waiting without an end, each on a connection
 * of its own, until a process has none left. Below the 20 s after which Temporal begins another try of an activity. No transaction of ours waits for
 * anybody outside but the key store.
 */
const bounded = { ...noticed, lock_timeout: '15s', idle_in_transaction_session_timeout: '60s' };
/** The sealer waits so long for another one, says so, and asks again; its turn may last as long as its disk takes. Operators and dumps bound themselves. */
const sealing = { ...noticed, lock_timeout: '15s' };
const settingsOf: Readonly<Record<Login, Readonly<Record<string, string>>>> = { ct_migrate: {}, ct_worker: bounded, ct_api: bounded, ct_auth: bounded, ct_sealer: sealing, ct_backup: {} };

/** The form in which Postgres keeps a password, made here so that the password itself never reaches a server log. */
function scramVerifier(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const key = (name: string): Buffer => createHmac('sha256', salted).update(name).digest();
  const storedKey = createHash('sha256').update(key('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${key('Server Key').toString('base64')}`;
}

/**
 * Makes the cluster's roles where they are missing, and sets rights, passwords and bounds of all.
 * Roles belong to the whole cluster, not to one database, so this is no migration. Needs a role that may create roles.
 */
export async function ensureRoles(sql: Sql, passwords: Readonly<Record<Login, string>>): Promise<void> {
  await sql.begin(async (transaction) => {
    // Two processes that start at once would else both find a role missing.
    await transaction`select pg_advisory_xact_lock(hashtext('carethread roles'))`;
    const present = new Set((await transaction<{ rolname: string }[]>`select rolname from pg_roles`).map((row) => row.rolname));
    for (const name of ownerNames) await transaction.unsafe(`${present.has(name) ? 'alter' : 'create'} role ${name} nologin ${rights}`);
    for (const name of loginNames) await transaction.unsafe(`${present.has(name) ? 'alter' : 'create'} role ${name} login ${rights} password '${scramVerifier(passwords[name])}'`);
    for (const name of loginNames) for (const [setting, value] of Object.entries(settingsOf[name])) await transaction.unsafe(`alter role ${name} set ${setting} = '${value}'`);
  });
}

/**
 * Lets only the logins that need this database connect to it, and none make temporary tables there. To be repeated
 * for each database, a clone included: Postgres does not copy these rights from a template.
 */
export async function restrictDatabase(sql: Sql, kind: DatabaseKind): Promise<void> {
  const [row] = await sql<{ name: string }[]>`select quote_ident(current_database()) as name`;
  if (row === undefined) return;
  await sql.unsafe(`revoke all on database ${row.name} from public`);
  await sql.unsafe(`revoke all on database ${row.name} from ${loginNames.join(', ')}`);
  await sql.unsafe(`grant connect on database ${row.name} to ${mayConnect[kind].join(', ')}`);
}
