import { describe, expect, test } from 'vitest';
import { validatePlan } from '../../../domain/plan/validate.ts';
import { catalogue, goodPlan } from './plans.ts';

const faultsOf = (text: string): string[] => {
  const validated = validatePlan(text, catalogue);
  return validated.ok ? [] : validated.faults.map(({ path, message, line }) => `${path}|${String(line ?? '-')}|${message}`);
};
const changed = (from: string, to: string): string => {
  expect(goodPlan).toContain(from);
  return goodPlan.replace(from, to);
};
const hours = 'businessHours: { days: [mon, tue, wed, thu, fri], from: 08:00, to: 17:00 }\nsteps:';
const [startsAt, latenessAt] = ['at: { anchor: surgery, offset: -P1D, localTime: 09:00 }', 'lateness: { sendWithin: PT8H, otherwise: skip }'];
const measured = `  - kind: measure
    id: pressure
    title: { en: Pressure }
    at: { anchor: surgery, offset: P2D }
    lateness: { sendWithin: PT8H, otherwise: task }
    readings: [{ id: systolic, text: { en: 'Upper?', zh: '高压？' }, unit: mmHg, min: 50, max: 260 }]
    reply: { window: PT6H, silence: task }
ladders:`;
const measure = (change: (text: string) => string): string => changed('ladders:', change(measured));
const staffed = (step: string): string => changed('ladders:', `  - { id: look, title: { en: Look }, at: { anchor: surgery, offset: P2D }, lateness: { sendWithin: P1D, otherwise: task }, instruction: look, ${step} }\nladders:`);

describe('when a step is due', () => {
  test.each([
    ['a window', startsAt, 'at: { anchor: surgery, offset: -P1D, window: { from: 09:00, to: 11:00 } }'],
    ['a series with a count', startsAt, `${startsAt}\n    every: { rule: FREQ=WEEKLY;COUNT=4 }`],
    ['a series with an event as its bound', startsAt, `${startsAt}\n    every: { rule: FREQ=DAILY, until: { anchor: surgery } }`],
    ['a condition', startsAt, `${startsAt}\n    when: at least 3 days since surgery\n    whenUnknown: task`],
    ['another run after the anchor moved', startsAt, `${startsAt}\n    afterAnchorMoved: again\n    passedWhilePaused: skip`],
    ['a late step that moves', latenessAt, 'lateness: { sendWithin: PT8H, otherwise: move, move: { within: P3D, then: task } }'],
  ])('may be said by %s', (_name, from, to) => {
    expect(faultsOf(changed(from, to))).toEqual([]);
  });

  test('may be said in business days', () => {
    expect(faultsOf(changed('steps:', hours).replace(startsAt, 'at: { anchor: surgery, businessDays: 2, localTime: 09:00 }'))).toEqual([]);
  });

  test.each([
    ['no time at all', startsAt, 'at: { anchor: surgery }', 'steps[0].at.offset|13|Say when: give an offset such as P1D, or businessDays.'],
    ['both ways of counting', startsAt, 'at: { anchor: surgery, offset: P1D, businessDays: 1 }', 'steps[0].at.businessDays|13|Give either an offset or businessDays, not both.'],
    ['business days of an unknown calendar', startsAt, 'at: { anchor: surgery, businessDays: 1 }', 'steps[0].at.businessDays|13|Add businessHours to the plan'],
    ['a closed day of an unknown calendar', startsAt, 'at: { anchor: surgery, offset: P1D, ifClosed: next }', 'steps[0].at.ifClosed|13|Add businessHours to the plan'],
    ['a window and a time', startsAt, 'at: { anchor: surgery, offset: P1D, localTime: 09:00, window: { from: 09:00, to: 11:00 } }', 'steps[0].at.window|13|Give either a local time or a window, not both.'],
    ['a window and hours', startsAt, 'at: { anchor: surgery, offset: PT1H, window: { from: 09:00, to: 11:00 } }', 'steps[0].at.window|13|Give either a window or hours'],
    ['an empty window', startsAt, 'at: { anchor: surgery, offset: P1D, window: { from: 09:00, to: 09:00 } }', 'steps[0].at.window.to|13|Make the window end at another time'],
    ['a rule that is none', startsAt, `${startsAt}\n    every: { rule: FREQ=HOURLY;COUNT=3 }`, 'steps[0].every.rule|14|A rule repeats at most daily'],
    ['a series without an end', startsAt, `${startsAt}\n    every: { rule: FREQ=DAILY }`, 'steps[0].every|14|Say until when: add until with an anchor, or COUNT or UNTIL to the rule.'],
    ['a bound that is not declared', startsAt, `${startsAt}\n    every: { rule: FREQ=DAILY, until: { anchor: birth } }`, 'steps[0].every.until.anchor|14|Declare "birth" under anchors'],
    ['a series that begins at an hour', startsAt, 'at: { anchor: surgery, offset: PT1H }\n    every: { rule: FREQ=DAILY;COUNT=3 }', 'steps[0].at.offset|13|Begin a series by whole days'],
    ['a series that begins after business days', startsAt, 'at: { anchor: surgery, businessDays: 1 }\n    every: { rule: FREQ=DAILY;COUNT=3 }', 'steps[0].at.businessDays|13|Begin a series by an offset in days'],
    ['a series that is to be done again', startsAt, `${startsAt}\n    every: { rule: FREQ=DAILY;COUNT=3 }\n    afterAnchorMoved: again`, 'steps[0].afterAnchorMoved|15|Remove afterAnchorMoved: a series follows its anchor by itself.'],
    ['an answer to no question', startsAt, `${startsAt}\n    whenUnknown: task`, 'steps[0].whenUnknown|14|Remove whenUnknown, or add the condition'],
    ['a condition on what is not answered yet', startsAt, `${startsAt}\n    when: pain at least 3`, 'steps[0].when|14|'],
    ['a move without a bound', latenessAt, 'lateness: { sendWithin: PT8H, otherwise: move }', 'steps[0].lateness.move|14|Say how far a late step may be moved'],
    ['a move that is not used', latenessAt, 'lateness: { sendWithin: PT8H, otherwise: skip, move: { within: P3D, then: task } }', 'steps[0].lateness.move|14|Remove "move", or write otherwise: move.'],
    ['a move of hours', latenessAt, 'lateness: { sendWithin: PT8H, otherwise: move, move: { within: PT2H, then: task } }', 'steps[0].lateness.move.within|14|Allow at least a day (P1D)'],
    ['a bound of nothing', latenessAt, 'lateness: { sendWithin: PT0S, otherwise: skip }', 'steps[0].lateness.sendWithin|14|Write a duration from one second'],
    ['hours that end before they begin', 'steps:', 'businessHours: { days: [mon], from: 17:00, to: 08:00 }\nsteps:', 'businessHours.to|9|Make the business hours end later'],
    ['a country of which no holidays are known', 'steps:', 'businessHours: { days: [mon], from: 08:00, to: 17:00, holidays: ZZ }\nsteps:', 'businessHours.holidays|9|Give the country whose public holidays'],
    ['a day whose hours end before they begin', 'steps:', 'businessHours: { days: [mon], from: 08:00, to: 17:00, exceptions: { 2026-05-08: [{ from: 14:00, to: 09:00 }] } }\nsteps:', 'businessHours.exceptions.2026-05-08|9|Give the hours of 2026-05-08 in order'],
    ['a day whose hours overlap', 'steps:', 'businessHours: { days: [mon], from: 08:00, to: 17:00, exceptions: { 2026-05-08: [{ from: 08:00, to: 12:00 }, { from: 11:00, to: 15:00 }] } }\nsteps:', 'businessHours.exceptions.2026-05-08|9|Give the hours of 2026-05-08 in order'],
    ['a zone that does not exist', 'steps:', 'businessHours: { days: [mon], from: 08:00, to: 17:00, zone: Mars/Base }\nsteps:', 'businessHours.zone|9|Give the time zone by its IANA name'],
    ['a ladder that waits for unknown hours', '  red: {', '  amber: { hours: business, rungs: [{ page: nurse, wait: PT1H }], repeatTop: PT1H, reachWithin: PT8H }\n  red: {', 'ladders.amber.hours|27|Add businessHours to the plan'],
    ['a red ladder that waits for hours', '  red: {', '  red: { hours: business,', 'ladders.red.hours|27|Remove "hours": a red alert is paged at any hour.'],
  ])('is refused with %s', (_name, from, to, expected) => {
    expect(faultsOf(changed(from, to)).join('\n')).toContain(expected);
  });
});

describe('readings, advice and what staff do', () => {
  test('may be written', () => {
    expect(faultsOf(measure((text) => text))).toEqual([]);
    expect(faultsOf(staffed('kind: review, by: nurse, within: P1D'))).toEqual([]);
    expect(faultsOf(changed('kind: remind', 'kind: advise').replace('message: welcome', 'advice: less-salt'))).toEqual([]);
  });

  test.each([
    ['a range without width', measure((text) => text.replace('min: 50, max: 260', 'min: 50, max: 50')), 'steps[2].readings[0].max|31|Make the greatest plausible reading greater'],
    ['a reading twice', measure((text) => text.replace(/readings: \[(.*)\]\n/, 'readings: [$1, $1]\n')), 'steps[2].readings[1].id|31|Rename this reading'],
    ['advice that nobody approved', changed('kind: remind', 'kind: advise').replace('message: welcome', 'advice: more-salt'), 'steps[0].advice|15|Add approved advice "more-salt" (the file advice/more-salt.yaml beside the others), or use one of: less-salt.'],
    ['a review that may take for ever', staffed('kind: review, by: nurse, within: P999D'), 'steps[2].within|26|Write a duration from one second'],
    ['a review with channels', staffed('kind: review, by: nurse, within: P1D, channels: [sms]'), 'steps[2].channels|26|Remove the channels: a review is for staff'],
  ])('are refused with %s', (_name, text, expected) => {
    expect(faultsOf(text).join('\n')).toContain(expected);
  });
});
