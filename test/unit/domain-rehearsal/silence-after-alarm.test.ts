import { expect, test } from 'vitest';
import { validatePlan } from '../../../domain/plan/validate.ts';
import { assumptionsFor, assumptionsSchema } from '../../../domain/rehearsal/input.ts';
import { rehearse } from '../../../domain/rehearsal/rehearse.ts';
import { shippedContent } from '../../support/content.ts';

const loaded = shippedContent();
const content = { ...loaded, hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };
const source = (channels: string): string => `
format: carethread.plan/1
id: pressure
version: 1
title: { en: Pressure, zh: 血压 }
department: cardiology
anchors: { start: { kind: instant, title: { en: Start, zh: 开始 } } }
tags: [watch]
channels: ${channels}
steps:
  - kind: measure
    id: pressure
    title: { en: Pressure, zh: 血压 }
    at: { anchor: start, offset: PT0S }
    readings:
      - { id: systolic, text: { en: 'Upper number?', zh: '高压?' }, unit: mmHg, min: 60, max: 260 }
      - { id: diastolic, text: { en: 'Lower number?', zh: '低压?' }, unit: mmHg, min: 30, max: 160 }
    reply: { window: PT2H, nudges: [], silence: task }
    rules:
      - { id: high, if: systolic at least 180, confirm: { after: PT5M }, do: [{ kind: escalate, level: amber }, { kind: tag, tag: watch }] }
    lateness: { sendWithin: PT4H, otherwise: task }
ladders:
  amber: { rungs: [{ page: nurse, wait: PT1H }], repeatTop: PT1H, reachWithin: PT4H }
`;

function play(channels: string, reply: Record<string, unknown>, outside: unknown[] = []) {
  const parsed = validatePlan(source(channels), content);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const assumed = assumptionsFor(parsed.plan, assumptionsSchema.parse({ anchors: { start: '2026-05-04T10:00:00Z' }, from: '2026-05-04T09:59:00Z', replies: { otherwise: reply }, outside }));
  return rehearse(parsed.plan, content, assumed).entries;
}

test('whoever gives an alarming first number and then falls silent is not forgotten: what it was to confirm counts as confirmed', () => {
  const entries = play('[sms]', { kind: 'answers', answers: { systolic: 190 } });

  expect(entries.filter(({ kind }) => kind === 'alert').map(({ at, outcome, reason }) => [at, outcome, reason])).toEqual([['2026-05-04T12:10:00.000Z', 'amber', 'high']]);
  expect(entries.filter(({ kind }) => kind === 'tag').map(({ reason }) => reason)).toEqual(['watch']);
});

test('so is whoever hangs up after it', () => {
  const entries = play('[voice]', { kind: 'answers', answers: { systolic: 190 }, calls: ['hangs-up'] });

  expect(entries.filter(({ kind }) => kind === 'alert').map(({ reason }) => reason)).toEqual(['high']);
});

test('a whole set of answers is still measured again before anybody is alarmed, and a calm first number alarms nobody by silence', () => {
  const whole = play('[sms]', { kind: 'answers', answers: { systolic: 190, diastolic: 90 } });
  const calm = play('[sms]', { kind: 'answers', answers: { systolic: 120 } });

  expect(whole.find(({ kind, outcome }) => kind === 'branch' && outcome === 'confirm')).toBeDefined();
  expect(calm.filter(({ kind }) => kind === 'alert')).toEqual([]);
});

test('nobody is alarmed for a patient who has died meanwhile', () => {
  const entries = play('[sms]', { kind: 'answers', answers: { systolic: 190 } }, [{ kind: 'status', status: 'deceased', at: '2026-05-04T10:30:00Z' }]);

  expect(entries.filter(({ kind }) => kind === 'alert')).toEqual([]);
});
