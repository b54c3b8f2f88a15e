import { durationMs, durationParts } from '../time/durations.ts';
import { isHolidayRegion } from '../time/holidays.ts';
import { isTimeZone } from '../time/instants.ts';
import { recurrenceFaults } from '../time/recurrence-rule.ts';
import type { PlanParts, Report } from './check.ts';
import type { FaultPath } from './document.ts';
import type { BusinessHours, Lateness, Step } from './format.ts';

const farthestDays = 50 * 366;
const longestWaitMs = 366 * 24 * 60 * 60 * 1000;

/** When a step is due, again and again, late, and on what condition: what one part says of another. */
export function checkTiming(step: Step, path: FaultPath, parts: PlanParts, report: Report): void {
  checkAt(step, [...path, 'at'], parts, report);
  checkEvery(step, path, parts, report);
  checkLateness(step.lateness, [...path, 'lateness'], report);
  if (step.whenUnknown !== undefined && step.when === undefined) report([...path, 'whenUnknown'], 'Remove whenUnknown, or add the condition "when" that it speaks of.');
  if (step.afterAnchorMoved === 'again' && step.every !== undefined) report([...path, 'afterAnchorMoved'], 'Remove afterAnchorMoved: a series follows its anchor by itself.');
}

function checkAt(step: Step, path: FaultPath, parts: PlanParts, report: Report): void {
  const { at } = step;
  needAnchor(at.anchor, [...path, 'anchor'], parts, report);
  if (at.offset === undefined && at.businessDays === undefined) report([...path, 'offset'], 'Say when: give an offset such as P1D, or businessDays.');
  if (at.offset !== undefined && at.businessDays !== undefined) report([...path, 'businessDays'], 'Give either an offset or businessDays, not both.');
  const { days, timeMs } = durationParts(at.offset ?? 'P0D');
  if (Math.abs(days) + Math.abs(timeMs) / 86_400_000 > farthestDays) report([...path, 'offset'], 'Keep the offset within 50 years of the anchor.');
  if (at.localTime !== undefined && timeMs !== 0) report([...path, 'localTime'], 'Give either a local time or hours, minutes and seconds in the offset, not both.');
  if (at.window !== undefined && timeMs !== 0) report([...path, 'window'], 'Give either a window or hours, minutes and seconds in the offset, not both.');
  if (at.window !== undefined && at.localTime !== undefined) report([...path, 'window'], 'Give either a local time or a window, not both.');
  if (at.window !== undefined && at.window.from === at.window.to) report([...path, 'window', 'to'], 'Make the window end at another time than it begins.');
  if ((at.businessDays !== undefined || (at.ifClosed ?? 'keep') !== 'keep') && parts.businessHours === null) report([...path, at.businessDays === undefined ? 'ifClosed' : 'businessDays'], 'Add businessHours to the plan, so that it is known which days are open.');
}

function checkEvery(step: Step, path: FaultPath, parts: PlanParts, report: Report): void {
  const { every } = step;
  if (every === undefined) return;
  for (const fault of recurrenceFaults(every.rule)) report([...path, 'every', 'rule'], fault);
  if (every.until !== undefined) needAnchor(every.until.anchor, [...path, 'every', 'until', 'anchor'], parts, report);
  else if (!/(^|;)(COUNT|UNTIL)=/i.test(every.rule)) report([...path, 'every'], 'Say until when: add until with an anchor, or COUNT or UNTIL to the rule.');
  if (durationParts(step.at.offset ?? 'P0D').timeMs !== 0) report([...path, 'at', 'offset'], 'Begin a series by whole days; give its time as localTime or window.');
  if (step.at.businessDays !== undefined) report([...path, 'at', 'businessDays'], 'Begin a series by an offset in days: business days are for a step that is done once.');
}

function checkLateness(lateness: Lateness, path: FaultPath, report: Report): void {
  checkWait(lateness.sendWithin, [...path, 'sendWithin'], report);
  if (lateness.otherwise !== 'move') {
    if (lateness.move !== undefined) report([...path, 'move'], 'Remove "move", or write otherwise: move.');
    return;
  }
  if (lateness.move === undefined) report([...path, 'move'], 'Say how far a late step may be moved and what then: move: { within: P3D, then: task }.');
  else if (durationMs(lateness.move.within) < 86_400_000) report([...path, 'move', 'within'], 'Allow at least a day (P1D): a late step is moved to the same time of a later day.');
  else checkWait(lateness.move.within, [...path, 'move', 'within'], report);
}

/** The plan's own business hours. A country whose holidays nobody knows would stop each follow-up at its next look. */
export function checkBusinessHours(hours: BusinessHours, path: FaultPath, report: Report): void {
  if (hours.from >= hours.to) report([...path, 'to'], 'Make the business hours end later on the day than they begin.');
  if (hours.zone !== undefined && !isTimeZone(hours.zone)) report([...path, 'zone'], 'Give the time zone by its IANA name, such as Asia/Shanghai.');
  if (hours.holidays !== undefined && !isHolidayRegion(hours.holidays)) report([...path, 'holidays'], `Give the country whose public holidays close the clinic, such as CN or US; of "${hours.holidays}" none are known.`);
  for (const [date, open] of Object.entries(hours.exceptions ?? {})) {
    const times = open.flatMap(({ from, to }) => [from, to]);
    if (times.some((time, index) => index > 0 && time <= (times[index - 1] ?? ''))) report([...path, 'exceptions', date], `Give the hours of ${date} in order, each ending after it begins and before the next.`);
  }
}

export function needAnchor(anchor: string, path: FaultPath, parts: PlanParts, report: Report): void {
  if (parts.anchors !== null && !Object.hasOwn(parts.anchors, anchor)) report(path, `Declare "${anchor}" under anchors, or use one of: ${Object.keys(parts.anchors).join(', ')}.`);
}

/** A wait of nothing would page or ask in a tight loop; one beyond a year is a slip of the pen. */
export function checkWait(iso: string, path: FaultPath, report: Report): void {
  const ms = durationMs(iso);
  if (ms < 1000 || ms > longestWaitMs) report(path, 'Write a duration from one second (PT1S) to a year (P366D).');
}
