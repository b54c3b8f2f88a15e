import postgres from 'postgres';
import type { Login } from '../../store/roles.ts';
import type { TestDatabase } from './database.ts';

/** Somebody with a login's password and any SQL client, for each login that could be stolen. */
export interface Intruders {
  as(login: Login): postgres.Sql;
  close(): Promise<void>;
}

export function createIntruders(database: TestDatabase): Intruders {
  const intruders = new Map<Login, postgres.Sql>();
  for (const login of ['ct_api', 'ct_worker', 'ct_auth', 'ct_sealer', 'ct_migrate'] as const) {
    intruders.set(login, postgres(database.url(login), { max: 1, onnotice: () => undefined }));
  }
  return {
    as: (login) => {
      const sql = intruders.get(login);
      if (sql === undefined) throw new Error(`no connection as ${login}`);
      return sql;
    },
    close: async () => {
      await Promise.all([...intruders.values()].map((sql) => sql.end()));
    },
  };
}

export interface Fault {
  code: string;
  message: string;
  detail: string | null;
  hint: string | null;
}

/** The one answer to every misuse of a right. */
export const noSuchGrant: Fault = { code: 'CT001', message: 'carethread: no such grant', detail: null, hint: null };

/** How Postgres answers a statement: its error, or null where it obeys. */
export async function faultOf(work: PromiseLike<unknown>): Promise<Fault | null> {
  try {
    await work;
    return null;
  } catch (error) {
    const { code, message, detail, hint } = error as { code: string; message: string; detail?: string; hint?: string };
    return { code, message, detail: detail ?? null, hint: hint ?? null };
  }
}
