import { signIn } from './care-api.ts';
import type { CareApi } from './care-api.ts';

/** Department of the showcase's plans. */
export const department = 'showcase';

/** Pagers of those on call, as the world's staff list has them. */
export const pagers = { firstOnCall: '+12025550191', secondOnCall: '+12025550192', supervisor: '+12025550193' } as const;

/** Those of the staff who act in the showcase, each with the API in their own name. */
export interface Actors {
  coordinator: CareApi;
  auditor: CareApi;
  secondOnCall: CareApi;
}

export type Credentials = Readonly<Record<'coordinator' | 'auditor' | 'doctor-2', { readonly login: string; readonly password: string }>>;

export async function signInActors(urls: { auth: string; api: string }, credentials: Credentials): Promise<Actors> {
  const as = ({ login, password }: Credentials['coordinator']): Promise<CareApi> => signIn(urls, login, password);
  const [coordinator, auditor, secondOnCall] = await Promise.all([as(credentials.coordinator), as(credentials.auditor), as(credentials['doctor-2'])]);
  return { coordinator, auditor, secondOnCall };
}
