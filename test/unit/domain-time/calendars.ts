import type { BusinessCalendar } from '../../../domain/time/calendar.ts';

const office = [{ from: '08:00', to: '17:00' }];
const shifts = [
  { from: '08:00', to: '12:00' },
  { from: '14:00', to: '17:30' },
];

/** Monday to Friday with a midday break; mainland China's holidays and make-up workdays. */
export const shanghai: BusinessCalendar = {
  zone: 'Asia/Shanghai',
  hours: { monday: shifts, tuesday: shifts, wednesday: shifts, thursday: shifts, friday: shifts },
  holidays: 'CN',
  exceptions: {},
};

export const newYork: BusinessCalendar = {
  zone: 'America/New_York',
  hours: { monday: office, tuesday: office, wednesday: office, thursday: office, friday: office },
  holidays: 'US',
  exceptions: {},
};
