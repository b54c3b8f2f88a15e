import { describe, expect, it } from 'vitest';
import { decideEscalation, evolveEscalation, openEscalation } from '../../../domain/escalation/decide.ts';
import type { EscalationState } from '../../../domain/escalation/types.ts';
import type { Ladder } from '../../../domain/plan/format.ts';
import type { BusinessCalendar } from '../../../domain/time/calendar.ts';

const weekdays = [{ from: '08:00', to: '17:00' }];
const clinic: BusinessCalendar = { zone: 'Asia/Shanghai', hours: { monday: weekdays, tuesday: weekdays, wednesday: weekdays, thursday: weekdays, friday: weekdays }, holidays: null, exceptions: {} };
const ladder: Ladder = { rungs: [{ page: 'nurse', wait: 'PT4H' }, { page: 'nurse', wait: 'PT4H' }, { page: 'on-call-1', wait: 'PT1H' }], repeatTop: 'PT1H', reachWithin: 'PT4H', hours: 'business' };
/** 2026-03-02 is a Monday. */
const shanghai = (text: string): string => new Date(`${text}+08:00`).toISOString();
const open = (at: string, level: 'amber' | 'red' = 'amber'): EscalationState => openEscalation('e', level, ladder, shanghai(at), clinic);
const paged = (state: EscalationState): EscalationState => evolveEscalation(state, { kind: 'page-ended', page: state.pagesMade + 1, outcome: 'sent', person: 'p', at: state.nextAt });

describe('an amber ladder that keeps business hours', () => {
  it('pages at once while the clinic is open', () => {
    expect(open('2026-03-02T10:00:00')).toMatchObject({ nextAt: shanghai('2026-03-02T10:00:00'), nextPage: { rungIndex: 0 } });
  });

  it('waits for the morning when the evening has begun', () => {
    expect(open('2026-03-02T20:00:00')).toMatchObject({ nextAt: shanghai('2026-03-03T08:00:00'), nextPage: { rungIndex: 0 } });
  });

  it('lets its clock stand still overnight', () => {
    expect(paged(open('2026-03-02T15:00:00'))).toMatchObject({ nextAt: shanghai('2026-03-03T10:00:00'), nextPage: { rungIndex: 1 } });
  });

  it('goes to the top of the ladder a day after it opened, however long the weekend is', () => {
    const friday = open('2026-03-06T16:00:00');

    expect(paged(friday)).toMatchObject({ nextAt: shanghai('2026-03-07T16:00:00'), nextPage: { rungIndex: 2 } });
    expect(open('2026-03-07T09:00:00')).toMatchObject({ nextAt: shanghai('2026-03-08T09:00:00'), nextPage: { rungIndex: 2 } });
  });

  it('repeats the top by the wall clock from then on', () => {
    const top = paged(paged(open('2026-03-06T16:00:00')));

    expect(top).toMatchObject({ nextAt: shanghai('2026-03-07T17:00:00'), nextPage: { rungIndex: 2 } });
    expect(decideEscalation(top, top.nextAt, 1).next).toMatchObject({ kind: 'page', rota: 'on-call-1' });
  });

  it('lets the second clock stand still too, after somebody has taken it', () => {
    const taken = evolveEscalation(paged(open('2026-03-02T15:00:00')), { kind: 'acknowledged', by: 'person/p', at: shanghai('2026-03-02T16:00:00') });

    expect(taken.nextAt).toBe(shanghai('2026-03-03T11:00:00'));
  });

  it('never holds a red alert, whatever its ladder says', () => {
    expect(open('2026-03-07T03:00:00', 'red')).toMatchObject({ nextAt: shanghai('2026-03-07T03:00:00'), businessHours: null });
  });
});
