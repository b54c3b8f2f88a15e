/** One zone for each hour of the day, so that at any instant it is midday in one of them and deep night in another. */
const zones = [
  'Pacific/Honolulu', 'America/Anchorage', 'America/Los_Angeles', 'America/Denver', 'America/Chicago', 'America/New_York', 'America/Halifax', 'America/Sao_Paulo', 'Atlantic/South_Georgia',
  'Atlantic/Azores', 'Europe/London', 'Europe/Berlin', 'Africa/Johannesburg', 'Africa/Nairobi', 'Asia/Dubai', 'Asia/Karachi', 'Asia/Kolkata', 'Asia/Dhaka', 'Asia/Bangkok', 'Asia/Shanghai', 'Asia/Tokyo',
  'Australia/Brisbane', 'Pacific/Noumea', 'Pacific/Auckland',
];

/** The zone whose wall clock is nearest to `hour` (0 to 23) at that instant. */
export function zoneWhereItIs(hour: number, now: Date): string {
  const distance = (zone: string): number => {
    const apart = Math.abs(hourIn(zone, now) - hour);
    return Math.min(apart, 24 - apart);
  };
  return zones.reduce((best, zone) => (distance(zone) < distance(best) ? zone : best));
}

/** Hours since midnight in a zone, with minutes as a fraction. */
export function hourIn(zone: string, now: Date): number {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(now);
  const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value ?? 0);
  return part('hour') + part('minute') / 60;
}
