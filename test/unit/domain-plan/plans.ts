import type { Catalogue } from '../../../domain/plan/check.ts';
import { shipped } from '../domain-dialogue/questionnaires.ts';

export const catalogue: Catalogue = {
  questionnaires: { 'pain-check': shipped('pain-check'), 'wound-check': shipped('wound-check') },
  messages: { welcome: { en: { sms: '{{ hospital }}: welcome' } } },
  advice: { 'less-salt': { en: { sms: '{{ hospital }}: less salt' } } },
};

/** A small plan without faults; tests change one thing in its text. */
export const goodPlan = `format: carethread.plan/1
id: sample
version: 1
title: { en: Sample }
department: surgery
anchors:
  surgery: { kind: date, title: { en: Surgery } }
channels: [sms]
steps:
  - kind: remind
    id: welcome
    title: { en: Welcome }
    at: { anchor: surgery, offset: -P1D, localTime: 09:00 }
    lateness: { sendWithin: PT8H, otherwise: skip }
    message: welcome
  - kind: ask
    id: pain
    title: { en: Pain }
    at: { anchor: surgery, offset: P1D }
    channels: [sms, voice]
    lateness: { sendWithin: PT8H, otherwise: task }
    questionnaire: pain-check
    reply: { window: PT6H, nudges: [PT2H], silence: task }
    rules:
      - { id: strong, if: answers.pain >= 8.0, do: [{ kind: escalate, level: red }] }
ladders:
  red: { rungs: [{ page: on-call-1, wait: PT15M }], repeatTop: PT10M, reachWithin: PT30M }
`;
