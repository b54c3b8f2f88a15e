import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { words } from '../../sandbox/showcase/words.ts';
import { forms } from './canary-forms.ts';
import type { Finding } from './canary-forms.ts';
import { remindersOf } from './canary-patients.ts';
import { newCanaries } from './canaries.ts';
import { searchEverywhere } from './leak-search.ts';
import { playOutage } from './outage-play.ts';
import { setOutageStage } from './outage-stage.ts';
import type { OutageStage } from './outage-stage.ts';
import { fieldsWithCanary, passing, patientFieldsOf, pieceOf } from './patient-fields.ts';
import type { PatientFields } from './patient-fields.ts';
import { plantEverywhere, planted } from './planted.ts';

const canaries = newCanaries();

let folder: string;
let stage: OutageStage | undefined;
let seen: Awaited<ReturnType<typeof playOutage>>;
let fields: PatientFields;
let reminders: Record<string, string>;
let findings: Finding[];

/** One world for both: what an outage, kills and staff's work meanwhile leave behind is searched, once, for real canaries and for a planted one alike. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-outage-'));
  const on = (stage = await setOutageStage(folder, canaries));
  seen = await playOutage(on);
  reminders = await remindersOf([seen.scenes.called, seen.scenes.mailed]);
  fields = await patientFieldsOf(on.world);
  await plantEverywhere(on.world);
  const recording = pieceOf(fields.opened.get('call.recording')?.[0] ?? Buffer.alloc(0));
  findings = await searchEverywhere(on.world, folder, { anywhere: { ...canaries.texts, recording, planted }, inTemporal: reminders, mark: canaries.mark }, () => on.close());
}, 600_000);

afterAll(async () => {
  await stage?.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}, 60_000);

it('with Temporal down the API takes everything at the first asking', () => {
  expect(seen.meanwhile.texts).toEqual({ code: true, stop: true, answer: true });
  expect(seen.meanwhile.statuses).toEqual({ pause: 202, pauseAgain: 202, resume: 202, withdraw: 200, facts: 202, answers: 201, optOut: 201, knownAlready: 409, misdialled: 201 });
});

it('STOP is confirmed at once, and nothing goes to that number after it', () => {
  const confirmed = seen.stopper.texts.findIndex((text) => text.includes(words.stopped.en));

  expect(seen.stopper.texts.slice(confirmed + 1)).toEqual([]);
  expect(confirmed).toBeGreaterThan(0);
  expect(seen.stopper.calls).toBe(0);
});

it('a red answer has its advice and its alert at once, and somebody is paged and takes it though Temporal is down and the worker began without it; once it is back nobody is paged for it again', () => {
  expect(seen.meanwhile.red).toEqual(expect.arrayContaining(['escalation.opened', 'escalation.page-ended', 'escalation.acknowledged']));
  expect(seen.isTaken).toBe(true);
  expect(seen.pagesOfRed).toBe(1);
});

it('whoever takes a page meanwhile has taken it', () => {
  expect(seen.meanwhile.taken?.status).toBe('acknowledged');
  expect(seen.stories.alarmed).toContain('escalation.acknowledged');
});

it('what was told is done, once and in its order', () => {
  expect({ ...seen.texts, resumed: seen.texts.resumed.length, newcomer: seen.texts.newcomer.length }).toEqual({ paused: [], withdrawn: [], resumed: 1, newcomer: 1 });
  expect(seen.stories.paused).toEqual(['enrolment.started', 'enrolment.paused', 'enrolment.facts-changed']);
  expect(seen.stories.resumed.slice(0, 3)).toEqual(['enrolment.started', 'enrolment.paused', 'enrolment.resumed']);
  // A receipt may be faster than the end of its own contact: both are then told in one line.
  expect(['touchpoint.sent', 'touchpoint.delivered']).toContain(seen.stories.resumed[3]);
  expect(seen.stories.withdrawn).toContain('enrolment.ended');
});

it('reminders of two plans that came due meanwhile arrive as one message', () => {
  expect(seen.carried.map((body) => [body.includes(words.visit.en), body.includes(words.preparation.en)])).toEqual([[true, true]]);
});

it('every column that is classed as a patient\'s was filled by the play', () => {
  const empty = Object.entries(fields.columns).filter(([column, rows]) => rows === 0 && !Object.hasOwn(passing, column));

  expect(empty).toEqual([]);
  expect(Object.keys(fields.columns)).toContain('phi.value.sealed');
});

it.each(fieldsWithCanary)('a canary was sealed as %s', (field) => {
  const { mark, texts } = canaries;
  const withCanary = fields.opened.get(field)?.filter((value) => value.includes(mark) || value.includes(texts.birthDate)) ?? [];

  expect(withCanary.length).toBeGreaterThan(0);
});

it('no canary of a patient is found anywhere, in any form', () => {
  const leaks = findings.filter((finding) => finding.canary !== 'planted');

  expect(leaks).toEqual([]);
  expect(Object.keys(reminders)).toHaveLength(2);
});

it.each(forms)('what lies unsealed in the database in the form %s is found in its files', (form) => {
  const found = findings.filter((finding) => finding.canary === 'planted' && finding.place === 'postgres' && finding.form === form);

  expect(found.length).toBeGreaterThan(0);
});

it.each(['histories, raw', 'histories, opened', 'visibility', 'temporal', 'metrics', 'logs', 'ledger', 'postgres'])('what lies unsealed in %s is found there', (place) => {
  const found = findings.filter((finding) => finding.canary === 'planted' && finding.place === place);

  expect(found.length).toBeGreaterThan(0);
});
