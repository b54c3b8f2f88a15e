import { holidaysIn, isHolidayRegion } from '../domain/time/holidays.ts';
import type { Sql } from './connect.ts';

/** A year of which nobody knows yet on which days a country's public holidays close its clinics. */
export interface UnknownHolidays {
  country: string;
  year: number;
  /** As `id/version`. */
  plans: string[];
}

/** What is planned now falls within it, mostly. */
const aheadMs = 60 * 24 * 3_600_000;

/**
 * Years without known holidays that plans count business days in: this one, and the next when it is near. Some countries publish the next year late,
 * and a release knows what was published before it. Of the newest version of each plan, and of every one that a patient is in.
 */
export async function unknownHolidays(sql: Sql, now: Date): Promise<UnknownHolidays[]> {
  const rows = await sql<{ country: string; plans: string[] }[]>`
    select body->'businessHours'->>'holidays' as country, array_agg(plan_id || '/' || version order by plan_id, version) as plans from care.plan
    where body->'businessHours' ? 'holidays' and (not exists (select from care.plan newer where newer.plan_id = plan.plan_id and newer.version > plan.version)
      or exists (select from care.enrolment where enrolment.plan_id = plan.plan_id and enrolment.plan_version = plan.version and enrolment.status <> 'ended'))
    group by 1 order by 1`;
  const years = [...new Set([now, new Date(now.getTime() + aheadMs)].map((date) => date.getUTCFullYear()))];
  return rows.flatMap(({ country, plans }) => years.filter((year) => !isHolidayRegion(country) || !holidaysIn(country, year).known).map((year) => ({ country, year, plans })));
}
