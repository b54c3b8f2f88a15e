import type { EscalationState, PageTarget } from './types.ts';

type StoredTarget = Omit<PageTarget, 'personIndex'> & { personIndex?: number };

/** An escalation as it may lie in the database: alerts opened before rotas were paged person by person name no person, and older ones no pass. */
export type StoredEscalation = Omit<EscalationState, 'nextPage' | 'lastPage' | 'lastPagedPerson' | 'businessHours' | 'passBeganAt'> & { passBeganAt?: EscalationState['passBeganAt']; businessHours?: EscalationState['businessHours']; nextPage: StoredTarget; lastPage: StoredTarget | null; lastPagedPerson?: string | null };

/** The present shape of a stored escalation. Where no person is named, the first of the rota was meant. */
export function escalationFromStored(stored: StoredEscalation): EscalationState {
  const { nextPage, lastPage, lastPagedPerson = null, businessHours = null, passBeganAt = stored.openedAt } = stored;
  return { ...stored, businessHours, passBeganAt, nextPage: withPerson(nextPage), lastPage: lastPage === null ? null : withPerson(lastPage), lastPagedPerson };
}

function withPerson(target: StoredTarget): PageTarget {
  return { ...target, personIndex: target.personIndex ?? 0 };
}
