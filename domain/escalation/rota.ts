import type { Instant } from '../follow-up/types.ts';
import type { EscalationEvent } from './types.ts';

/** Somebody on a rota. The phone is null for whoever has none and for whoever is not active. */
export interface RotaMember {
  personId: string;
  phone: string | null;
  language: string;
  active: boolean;
}

export type Pageable = RotaMember & { phone: string };

export interface Turn {
  /** The first from the command's place on who can be paged; null when the rota has no such person left. */
  person: Pageable | null;
  /** What the escalation is to be told of those who cannot: nobody is passed over in silence. */
  skipped: EscalationEvent[];
  /** Nobody at all can be paged on it: an operator must hear of that. */
  isUnmanned: boolean;
}

/** Whose turn it is on a rota as it stands now. It may have changed since the last page: places count, not names. */
export function whoseTurn(members: readonly RotaMember[], { page, rota, personIndex = 0 }: { page: number; rota: string; personIndex?: number }, at: Instant): Turn {
  const skipped: EscalationEvent[] = [];
  const isUnmanned = members.every((member) => member.phone === null);
  for (const [index, member] of members.entries()) {
    if (index < personIndex) continue;
    if (member.phone !== null) return { person: { ...member, phone: member.phone }, skipped, isUnmanned };
    skipped.push({ kind: 'person-skipped', page, rota, personIndex: index, person: member.personId, reason: member.active ? 'no-phone' : 'inactive', at });
  }
  skipped.push({ kind: 'rota-exhausted', page, rota, personIndex: Math.max(personIndex, members.length), at });
  return { person: null, skipped, isUnmanned };
}
