import type { BusinessCalendar, Weekday } from '../time/calendar.ts';
import type { BusinessHours, Plan } from './format.ts';

const names: Readonly<Record<BusinessHours['days'][number], Weekday>> = { mon: 'monday', tue: 'tuesday', wed: 'wednesday', thu: 'thursday', fri: 'friday', sat: 'saturday', sun: 'sunday' };

/** The plan's business hours as a calendar, in the clinic's zone or else the patient's; undefined where the plan has none. */
export function calendarOf(plan: Pick<Plan, 'businessHours'>, patientZone: string): BusinessCalendar | undefined {
  const { businessHours } = plan;
  if (businessHours === undefined) return undefined;
  const { days, from, to, zone, holidays, exceptions } = businessHours;
  return { zone: zone ?? patientZone, hours: Object.fromEntries(days.map((day) => [names[day], [{ from, to }]])), holidays: holidays ?? null, exceptions: exceptions ?? {} };
}
