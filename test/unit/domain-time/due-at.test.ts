import { describe, expect, test } from 'vitest';
import { isAnchor, resolveDueAt } from '../../../domain/time/due-at.ts';
import { localText } from '../../../domain/time/describe.ts';
import { isTimeZone } from '../../../domain/time/instants.ts';
import { TimeError } from '../../../domain/time/time-error.ts';

const shown = (anchor: string, offset: string, zone: string, localTime?: string): string => localText(resolveDueAt({ anchor, offset, localTime }, zone), zone);

describe('a step is due on the patient\'s own clock', () => {
  test.each([
    ['New York stays at 09:00 when summer time begins', '2026-03-07', 'P1D', 'America/New_York', '09:00', '2026-03-08 09:00'],
    ['New York stays at 09:00 when summer time ends', '2026-10-31', 'P1D', 'America/New_York', '09:00', '2026-11-01 09:00'],
    ['Sydney stays on Monday', '2026-10-04', 'P1D', 'Australia/Sydney', '09:00', '2026-10-05 09:00'],
    ['Los Angeles stays on Friday evening', '2026-05-01', 'P7D', 'America/Los_Angeles', '20:00', '2026-05-08 20:00'],
    ['Kolkata has half an hour', '2026-05-01', 'P3D', 'Asia/Kolkata', '09:00', '2026-05-04 09:00'],
    ['Kathmandu has three quarters of an hour', '2026-05-01', 'P3D', 'Asia/Kathmandu', '09:00', '2026-05-04 09:00'],
    ['Lord Howe moves by half an hour', '2026-10-03', 'P1D', 'Australia/Lord_Howe', '09:00', '2026-10-04 09:00'],
    ['a leap day is a day', '2028-02-28', 'P1D', 'Asia/Shanghai', '09:00', '2028-02-29 09:00'],
    ['and the day after it is March', '2028-02-28', 'P2D', 'Asia/Shanghai', '09:00', '2028-03-01 09:00'],
    ['the day before New Year', '2026-01-01', '-P1D', 'Pacific/Auckland', '09:00', '2025-12-31 09:00'],
    ['weeks are seven days', '2026-05-01', 'P2W', 'Asia/Shanghai', '09:00', '2026-05-15 09:00'],
    ['a skipped local time moves forward by the gap', '2026-03-07', 'P1D', 'America/New_York', '02:30', '2026-03-08 03:30'],
    ['at Lord Howe the gap is half an hour', '2026-10-03', 'P1D', 'Australia/Lord_Howe', '02:10', '2026-10-04 02:40'],
  ])('%s', (_name, anchor, offset, zone, localTime, expected) => {
    expect(shown(anchor, offset, zone, localTime)).toBe(`${expected} ${zone}`);
  });

  test('a local time that comes twice is the first of both', () => {
    const due = resolveDueAt({ anchor: '2026-10-31', offset: 'P1D', localTime: '01:30' }, 'America/New_York');

    expect(due).toBe('2026-11-01T05:30:00.000Z');
  });

  test.each(['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Shanghai', 'America/Los_Angeles'])('a date alone is that day in %s, never a day early or late', (zone) => {
    expect(shown('2026-05-01', 'P0D', zone)).toBe(`2026-05-01 08:00 ${zone}`);
  });

  test('a date without local time is at the start of the contact hours given', () => {
    const due = resolveDueAt({ anchor: '2026-05-01', offset: 'P1D' }, 'Asia/Shanghai', '10:15');

    expect(due).toBe('2026-05-02T02:15:00.000Z');
  });

  test('an instant keeps its time of day over a change of the clock, and seconds are elapsed time', () => {
    const days = resolveDueAt({ anchor: '2026-03-07T14:00:00Z', offset: 'P1D' }, 'America/New_York');
    const seconds = resolveDueAt({ anchor: '2026-03-08T06:59:50.000Z', offset: 'PT20S' }, 'America/New_York');

    expect(days).toBe('2026-03-08T13:00:00.000Z');
    expect(seconds).toBe('2026-03-08T07:00:10.000Z');
  });

  test('an instant with a local time counts days from its date in the patient\'s zone', () => {
    // 20:00 UTC on 30 April is 1 May in Shanghai already.
    const due = resolveDueAt({ anchor: '2026-04-30T20:00:00Z', offset: 'P1D', localTime: '09:00' }, 'Asia/Shanghai');

    expect(due).toBe('2026-05-02T01:00:00.000Z');
  });

  test.each(['2026-02-29', '2026-13-01', '2026-05-01T09:00:00', 'tomorrow', ''])('"%s" is no anchor', (anchor) => {
    expect(isAnchor(anchor)).toBe(false);
    expect(() => resolveDueAt({ anchor, offset: 'P0D' }, 'Asia/Shanghai')).toThrow(TimeError);
  });

  test.each(['9999-12-31', '9999-12-31T00:00:00Z', '0001-01-01', '+010000-01-01T00:00:00Z'])('"%s", which systems write for what is not known, is no anchor', (anchor) => {
    expect(isAnchor(anchor)).toBe(false);
    expect(['1900-01-01', '2099-12-31', '2099-12-31T23:00:00Z'].every(isAnchor)).toBe(true);
  });

  test('a zone is an IANA name, never a fixed offset', () => {
    expect(['Asia/Kathmandu', 'Australia/Lord_Howe', 'UTC'].every(isTimeZone)).toBe(true);
    expect(['+05:30', '-05', 'Mars/Base', '', 'Asia/Shanghai; x'].some(isTimeZone)).toBe(false);
  });
});
