import { afterEach, describe, expect, test } from 'vitest';
import { nextContactInstant } from '../../../domain/time/contact-hours.ts';
import { localText } from '../../../domain/time/describe.ts';
import { resolveDueAt } from '../../../domain/time/due-at.ts';
import { extendSeries } from '../../../domain/time/horizon.ts';
import { epochMs, isTimeZone } from '../../../domain/time/instants.ts';
import { occurrences, occurrencesOn } from '../../../domain/time/recurrence.ts';
import type { Series } from '../../../domain/time/recurrence.ts';
import { TimeError } from '../../../domain/time/time-error.ts';

/** Faults that comparable systems had with time, by name. */

const series = (rule: string, zone: string, localTime: string): Series => ({ rule, firstDate: '2026-01-01', lastDate: null, at: { localTime }, zone });
const shownTimes = (of: Series, from: string, through: string): Set<string> => new Set(occurrencesOn(of, from, through).map(({ dueAt }) => localText(dueAt, of.zone).split(' ')[1] ?? ''));
const shownWeekdays = (of: Series): Set<string> =>
  new Set(occurrencesOn(of, '2026-01-01', '2027-12-31').map(({ dueAt }) => new Intl.DateTimeFormat('en', { timeZone: of.zone, weekday: 'long' }).format(epochMs(dueAt))));

describe('local time over a change of the clock', () => {
  test('New York daily at 09:00 never fires at 10:00', () => {
    expect(shownTimes(series('FREQ=DAILY', 'America/New_York', '09:00'), '2026-01-01', '2027-12-31')).toEqual(new Set(['09:00']));
  });

  test('Sydney’s Monday at 09:00, which is Sunday in UTC, is never Tuesday', () => {
    const monday = series('FREQ=WEEKLY;BYDAY=MO', 'Australia/Sydney', '09:00');

    expect(shownWeekdays(monday)).toEqual(new Set(['Monday']));
    expect(shownTimes(monday, '2026-01-01', '2027-12-31')).toEqual(new Set(['09:00']));
  });

  test('Los Angeles’ Friday at 20:00, which is Saturday in UTC, is never Thursday', () => {
    const friday = series('FREQ=WEEKLY;BYDAY=FR', 'America/Los_Angeles', '20:00');

    expect(shownWeekdays(friday)).toEqual(new Set(['Friday']));
    expect(shownTimes(friday, '2026-01-01', '2027-12-31')).toEqual(new Set(['20:00']));
  });

  test('a message held at 22:57 after an outage waits for the morning of the patient, also when the clock changes in that night', () => {
    expect(localText(nextContactInstant('2026-03-08T03:57:00Z', 'America/New_York', { from: '08:00', to: '21:00' }), 'America/New_York')).toBe('2026-03-08 08:00 America/New_York');
  });
});

describe('the zone is the patient’s', () => {
  const hostZone = process.env['TZ'];
  afterEach(() => {
    if (hostZone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = hostZone;
  });

  test.each(['America/Los_Angeles', 'Pacific/Kiritimati', 'UTC'])('a server in %s resolves the same instants', (server) => {
    process.env['TZ'] = server;

    expect(resolveDueAt({ anchor: '2026-05-01', offset: 'P3D', localTime: '09:00' }, 'Asia/Shanghai')).toBe('2026-05-04T01:00:00.000Z');
    expect(occurrences(series('FREQ=WEEKLY;BYDAY=MO', 'Asia/Shanghai', '09:00'), { from: '2026-05-03T00:00:00Z', until: '2026-05-05T00:00:00Z' })).toEqual([{ recurrenceId: '2026-05-04', dueAt: '2026-05-04T01:00:00.000Z' }]);
  });

  test('two patients of one clinic each have their own 09:00', () => {
    const [there, here] = ['Asia/Urumqi', 'Asia/Shanghai'].map((zone) => resolveDueAt({ anchor: '2026-05-01', offset: 'P0D', localTime: '09:00' }, zone));

    expect([there, here]).toEqual(['2026-05-01T03:00:00.000Z', '2026-05-01T01:00:00.000Z']);
  });

  test('a fixed offset is no zone', () => {
    expect(isTimeZone('UTC-5')).toBe(false);
    expect(() => resolveDueAt({ anchor: '2026-05-01', offset: 'P0D', localTime: '09:00' }, '-05:00')).toThrow(TimeError);
  });

  test.each([
    ['Asia/Kolkata', '2026-05-01T03:30:00.000Z'],
    ['Asia/Kathmandu', '2026-05-01T03:15:00.000Z'],
    ['Asia/Yangon', '2026-05-01T02:30:00.000Z'],
    ['America/St_Johns', '2026-05-01T11:30:00.000Z'],
    ['Australia/Eucla', '2026-05-01T00:15:00.000Z'],
    ['Australia/Lord_Howe', '2026-04-30T22:30:00.000Z'],
    ['Pacific/Chatham', '2026-04-30T20:15:00.000Z'],
    ['Pacific/Marquesas', '2026-05-01T18:30:00.000Z'],
  ])('09:00 in %s, which keeps a half or a quarter of an hour', (zone, expected) => {
    expect(resolveDueAt({ anchor: '2026-05-01', offset: 'P0D', localTime: '09:00' }, zone)).toBe(expected);
  });
});

describe('zones whose rules changed', () => {
  test.each([
    ['Brazil gave up summer time', 'America/Sao_Paulo', '2018-12-01T11:00:00.000Z', '2019-12-01T12:00:00.000Z'],
    ['Mexico gave it up', 'America/Mexico_City', '2022-07-01T14:00:00.000Z', '2023-07-01T15:00:00.000Z'],
    ['Jordan kept it for good', 'Asia/Amman', '2021-12-01T07:00:00.000Z', '2022-12-01T06:00:00.000Z'],
    ['Samoa gave it up', 'Pacific/Apia', '2021-01-01T19:00:00.000Z', '2022-01-01T20:00:00.000Z'],
    ['North Korea moved by half an hour', 'Asia/Pyongyang', '2018-05-01T00:30:00.000Z', '2018-05-10T00:00:00.000Z'],
    ['Turkey stayed on summer time', 'Europe/Istanbul', '2015-12-01T07:00:00.000Z', '2016-12-01T06:00:00.000Z'],
  ])('%s: 09:00 is 09:00 before and after', (_name, zone, before, after) => {
    const resolved = [before, after].map((instant) => resolveDueAt({ anchor: localText(instant, zone).slice(0, 10), offset: 'P0D', localTime: '09:00' }, zone));

    expect(resolved).toEqual([before, after]);
  });
});

describe('a date is a date', () => {
  test.each(['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kathmandu', 'America/New_York'])('one without a time is never a day early or late in %s', (zone) => {
    expect(['-P1D', 'P0D', 'P1D'].map((offset) => localText(resolveDueAt({ anchor: '2026-05-01', offset, localTime: '00:00' }, zone), zone).slice(0, 10))).toEqual(['2026-04-30', '2026-05-01', '2026-05-02']);
  });

  test('a birth on a leap day has its day 42, and its year is a whole one', () => {
    const dates = ['P42D', 'P365D', 'P366D'].map((offset) => resolveDueAt({ anchor: '2028-02-29', offset, localTime: '09:00' }, 'Asia/Shanghai').slice(0, 10));

    expect(dates).toEqual(['2028-04-11', '2029-02-28', '2029-03-01']);
  });
});

describe('a patient who moves', () => {
  test('keeps the date and the local time, in the new place', () => {
    const point = { anchor: '2026-05-01', offset: 'P3D', localTime: '09:00' };

    expect(['Asia/Shanghai', 'America/Los_Angeles'].map((zone) => localText(resolveDueAt(point, zone), zone).slice(0, 16))).toEqual(['2026-05-04 09:00', '2026-05-04 09:00']);
  });

  test('has the days after an instant counted from its date in the new place', () => {
    const point = { anchor: '2026-05-01T06:00:00Z', offset: 'P1D', localTime: '09:00' };

    expect(['America/Los_Angeles', 'Asia/Shanghai'].map((zone) => localText(resolveDueAt(point, zone), zone).slice(0, 16))).toEqual(['2026-05-01 09:00', '2026-05-02 09:00']);
  });

  test('gets no day of a daily series twice, and none is lost', () => {
    const before = extendSeries(series('FREQ=DAILY', 'Asia/Shanghai', '09:00'), '2026-01-01T00:00:00Z', { since: '2026-01-01T00:00:00Z' });
    const after = extendSeries(series('FREQ=DAILY', 'America/Los_Angeles', '09:00'), '2026-01-20T00:00:00Z', { through: before.through });

    const ids = [...before.occurrences, ...after.occurrences].map(({ recurrenceId }) => recurrenceId);

    expect(ids).toEqual([...new Set(ids)].sort());
    expect(ids.length).toBe(36 + 18);
  });
});

describe('a past due date', () => {
  test('stays where it was, so that its lateness can be judged: it neither moves to now nor vanishes', () => {
    expect(resolveDueAt({ anchor: '2020-02-28', offset: 'P1D', localTime: '09:00' }, 'Asia/Shanghai')).toBe('2020-02-29T01:00:00.000Z');
    expect(extendSeries(series('FREQ=DAILY', 'Asia/Shanghai', '09:00'), '2026-02-10T00:00:00Z', { through: '2026-02-05' }).occurrences[0]).toEqual({ recurrenceId: '2026-02-06', dueAt: '2026-02-06T01:00:00.000Z' });
  });
});
