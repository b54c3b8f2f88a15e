import { expect, test } from 'vitest';
import { emergencyNumberIn } from '../../../domain/contact/emergency-numbers.ts';

test.each([
  ['Asia/Shanghai', '120'], ['Asia/Urumqi', '120'], ['Asia/Hong_Kong', '999'], ['Asia/Tokyo', '119'], ['Asia/Kolkata', '112'], ['Asia/Calcutta', '112'],
  ['America/New_York', '911'], ['America/Toronto', '911'], ['Europe/London', '999'], ['Europe/Berlin', '112'], ['Europe/Oslo', '112'], ['Australia/Sydney', '000'], ['Pacific/Auckland', '111'],
  ['America/new_york', '911'], ['Asia/shanghai', '120'],
])('a patient in %s is told %s, whatever the hospital’s own number is', (zone, number) => {
  expect(emergencyNumberIn(zone, '555')).toBe(number);
});

test.each([null, '', 'UTC', 'Etc/GMT+5', 'constructor', 'Asia/Nowhere', 'Asia/Bangkok', 'Africa/Lagos'])('where no one number is certain (%s) the hospital’s own is said', (zone) => {
  expect(emergencyNumberIn(zone, '555')).toBe('555');
});
