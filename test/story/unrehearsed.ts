import fc from 'fast-check';
import { migrateOnce } from '../../worker/migrating.ts';
import type { MigrationChoice } from '../../domain/migration/types.ts';
import type { Rehearsal } from '../../domain/rehearsal/types.ts';
import { plusMs } from '../../domain/time/durations.ts';
import type { CarePatient } from '../support/care-world.ts';
import type { DrawnPlan } from './plans.ts';
import type { Stage } from './stage.ts';

/** What staff may do that a rehearsal has no word for: a new version, facts, consent by channel, contact data, opt-outs. What is seen must be as it may be all the same. */
export interface Unrehearsed {
  /** So long after a line of what a rehearsal tells, which is found by its share of all lines: in the middle of what happens. */
  after: { share: number; ms: number };
  /** Which of the patient's plans; what concerns the patient stands with any. */
  plan: number;
  does:
    | { kind: 'migrate'; choice: MigrationChoice; fates: Fate[] }
    | { kind: 'facts'; facts: Record<string, unknown> }
    | { kind: 'consent'; channel: 'sms' | 'email' | 'voice'; isGiven: boolean }
    | { kind: 'repair' }
    | { kind: 'opt-out'; isOut: boolean };
}

type Fate = 'keep' | 'drop' | 'rename' | 'retime' | 'rephrase';

const minuteMs = 60_000;
const does: fc.Arbitrary<Unrehearsed['does']> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('migrate' as const), choice: fc.constantFrom<MigrationChoice>('move', 'move', 'restart'), fates: fc.array(fc.constantFrom<Fate>('keep', 'keep', 'drop', 'rename', 'retime', 'rephrase'), { minLength: 6, maxLength: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('facts' as const), facts: fc.record({ kidney: fc.boolean(), dry_weight: fc.constantFrom(70, 95, null) }, { requiredKeys: [] }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('consent' as const), channel: fc.constantFrom('sms' as const, 'email' as const, 'voice' as const), isGiven: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'repair' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('opt-out' as const), isOut: fc.boolean() }) },
);
export const unrehearsed: fc.Arbitrary<Unrehearsed[]> = fc.array(
  fc.record({ after: fc.record({ share: fc.nat({ max: 99 }).map((percent) => percent / 100), ms: fc.constantFrom(-minuteMs, 1_000, 4_000, 11 * minuteMs, 60 * minuteMs, 9 * 60 * minuteMs) }), plan: fc.nat({ max: 1 }), does }),
  { minLength: 2, maxLength: 5 },
);

/** When that is; never before the first plan begins. */
export function instantOf({ after: { share, ms } }: Unrehearsed, { entries }: Rehearsal, from: string): string {
  const at = plusMs(entries[Math.floor(share * entries.length)]?.at ?? from, ms);
  return at > from ? at : plusMs(from, 1_000);
}

/** Where one of the patient's plans stands. */
export interface Carried {
  source: DrawnPlan;
  version: number;
  enrolmentId: string | null;
}

/** Does it by the API, as staff do. What is refused has no effect, and nothing else than these may be answered. Answers with the version that there is then. */
export async function doBeside(stage: Stage, { patientId, addressId }: CarePatient, number: string, { source, version, enrolmentId }: Carried, event: Unrehearsed['does']): Promise<DrawnPlan | null> {
  const ask = async (method: string, path: string, json: Record<string, unknown>): Promise<number> => {
    const reply = await stage.ask(method, path, json);
    if (![200, 201, 202, 403, 404, 409, 422].includes(reply.status)) throw new Error(`The API answered ${reply.status}: ${reply.text}`);
    return reply.status;
  };
  switch (event.kind) {
    case 'facts':
      if (enrolmentId !== null) await ask('POST', `/v1/enrolments/${enrolmentId}/facts`, { facts: event.facts });
      return null;
    case 'consent':
      if (event.isGiven) await ask('POST', `/v1/patients/${patientId}/consents`, { purpose: 'follow-up', channels: [event.channel], evidenceKind: 'paper', evidence: 'form 7', noticeVersion: 'v1' });
      else await ask('POST', `/v1/patients/${patientId}/consents/withdraw`, { purpose: 'follow-up', channel: event.channel });
      return null;
    case 'repair':
      await ask('PUT', `/v1/patients/${patientId}/contact`, { phones: [{ number }] });
      return null;
    case 'opt-out':
      await ask('POST', `/v1/patients/${patientId}/opt-outs${event.isOut ? '' : '/withdraw'}`, { addressId, reason: 'by-phone', evidence: 'call of today' });
      return null;
    case 'migrate': {
      const next = nextVersion(source, version + 1, event.fates);
      if ((await ask('POST', '/v1/plans', next)) !== 201) return null;
      await ask('POST', `/v1/plans/${source.id}/migrations`, { from: version, to: version + 1, choice: event.choice, why: 'new-guideline' });
      const { worker: sql, deps: { poker, clock, logger } } = stage.world;
      await migrateOnce({ sql, poker, clock, logger }, new AbortController().signal);
      return next;
    }
  }
}

function nextVersion(source: DrawnPlan, version: number, fates: readonly Fate[]): DrawnPlan {
  const steps = source.steps.flatMap((step, index): DrawnPlan['steps'] => {
    const at = step['at'] as Record<string, unknown>;
    // Others speak of the first step.
    switch (index === 0 ? 'keep' : (fates[index % fates.length] ?? 'keep')) {
      case 'keep':
        return [step];
      case 'drop':
        return [];
      case 'rename':
        return [{ ...step, id: `${String(step['id'])}-b` }];
      case 'retime':
        return [{ ...step, at: { ...at, ...(typeof at['offset'] === 'string' && /^P\dD$/.test(at['offset']) ? { offset: 'P3D' } : {}) } }];
      case 'rephrase':
        return [{ ...step, lateness: { sendWithin: 'PT4H', otherwise: 'task' }, ...('reply' in step ? { reply: { window: 'PT2H', nudges: ['PT45M'], silence: 'escalate-amber' } } : { when: 'not tagged frail' }) }];
    }
  });
  return { ...source, version, steps };
}
