import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { StaffLogin } from '../../sandbox/secrets.ts';
import { signIn as signInByApi } from '../../sandbox/showcase/care-api.ts';
import { startWorld } from '../../sandbox/world.ts';
import type { World } from '../../sandbox/world.ts';
import { connect } from '../../store/connect.ts';
import type { Sql } from '../../store/connect.ts';
import { launchBrowser, newPage } from '../support/browser.ts';

const patient = { name: 'Willa Example', birthDate: '1950-02-03', mrn: 'UI-1', number: '+12025550177', mailbox: 'willa@example.org' };

let folder: string;
let world: World;
let superuser: Sql;
let browser: Browser;
let page: Page;
let enrolmentId: string;
let decodes: { status: number; sent: string | null }[];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-ui-'));
  world = await startWorld({ dataDir: folder, ports: 'any', say: () => undefined });
  superuser = connect(world.superuserUrl('data'), { max: 1 });
  browser = await launchBrowser();
  enrolmentId = await enrolOne();
}, 240_000);
afterAll(async () => {
  await browser.close();
  await superuser.end();
  await world.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);
beforeEach(async () => {
  decodes = [];
  page = await newPage(browser, { locale: 'en-GB', viewport: { width: 1280, height: 900 } });
  page.on('response', (response) => {
    if (response.url().endsWith('/v1/codec/decode') && response.request().method() === 'POST') decodes.push({ status: response.status(), sent: response.request().postData() });
  });
});
afterEach(() => page.context().close());

/** A patient whose first step is days away, so that the thread rests at its timer. */
async function enrolOne(): Promise<string> {
  const api = await signInByApi(world.urls, 'coordinator', world.secrets.staff.coordinator.password);
  await api.publish(await readFile('templates/plans/surgery-recovery.yaml', 'utf8'));
  const { name, birthDate, mrn, number, mailbox } = patient;
  const { patientId } = await api.post<{ patientId: string }>('/v1/patients', { name, birthDate, sex: 'female', mrn, language: 'en', zone: 'America/New_York', department: 'surgery', phones: [{ number }], emails: [mailbox] });
  const anchors = { surgery: new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10) };
  return (await api.post<{ enrolmentId: string }>('/v1/enrolments', { patientId, planId: 'surgery-recovery', anchors })).enrolmentId;
}

async function signIn(login: StaffLogin): Promise<void> {
  await page.goto(world.urls.temporalUiSignIn ?? '');
  await page.getByLabel('Login').fill(login);
  await page.getByLabel('Password').fill(world.secrets.staff[login].password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${world.urls.temporalUi ?? ''}/**`);
}

/** From the list, as a person would. */
async function openWorkflow(): Promise<void> {
  if (!page.url().startsWith(world.urls.temporalUi ?? 'nothing')) await page.goto(world.urls.temporalUi ?? '');
  await page.locator(`a[href*="${enrolmentId}"]`).first().click();
  await page.getByRole('heading', { name: 'Event History' }).waitFor();
}

async function decodeEvents(login: StaffLogin): Promise<{ action: string; verdict: string; reason: string | null; payloads: number }[]> {
  return superuser<{ action: string; verdict: string; reason: string | null; payloads: number }[]>`
    select action, verdict, reason, coalesce(substring(detail from 'payloads=([0-9]+)')::int, 0) as payloads from audit.event
    where actor_id = (select person_id::text from auth.person where login = ${login}) and action in ('decode-history', 'post:/v1/codec/decode')`;
}

interface EngineersLook {
  /** What the page shows. */
  seen: string;
  /** What the codec server has opened for it. */
  opened: string;
  asked: number;
  events: Awaited<ReturnType<typeof decodeEvents>>;
}

/** Once for the tests that read of it: to load the page is the dearest of it all. */
let engineersLook: Promise<EngineersLook> | undefined;
const lookAsEngineer = (): Promise<EngineersLook> => (engineersLook ??= look());

async function look(): Promise<EngineersLook> {
  const reading: Promise<string[]>[] = [];
  page.on('response', (response) => {
    if (!response.url().endsWith('/v1/codec/decode') || response.request().method() !== 'POST') return;
    reading.push(response.json().then((body: { payloads: { data?: string }[] }) => body.payloads.map(({ data }) => Buffer.from(data ?? '', 'base64').toString('utf8'))));
  });
  await signIn('engineer');
  await openWorkflow();
  await page.getByText('"subjectId"').first().waitFor();
  await page.getByText(/sms, \d{4}-\d\d-\d\d \d\d:\d\d America\/New_York/).first().waitFor();
  const seen = await page.locator('body').innerText();
  return { seen, opened: (await Promise.all(reading)).flat().join('\n'), asked: decodes.length, events: await decodeEvents('engineer') };
}

it('an engineer who has signed in reads ids and codes in a workflow, sets nothing for it, and each decode is in the ledger', async () => {
  const { seen, asked, events } = await lookAsEngineer();

  expect(seen).toContain(`"${enrolmentId}"`);
  expect(seen).not.toContain('Payloads are sealed');
  expect(asked).toBeGreaterThan(0);
  expect(events.length).toBeGreaterThanOrEqual(asked);
  expect(new Set(events.map(({ action, verdict }) => `${action} ${verdict}`))).toEqual(new Set(['decode-history allowed']));
  for (const word of Object.values(patient)) expect(seen).not.toContain(word);
});

it('nothing that the codec server opens for the page tells who the patient is', async () => {
  const { opened } = await lookAsEngineer();

  expect(opened).toContain(enrolmentId);
  for (const word of [...Object.values(patient), patient.number.slice(-7), 'Willa']) expect(opened).not.toContain(word);
});

it('the worker that runs what they see serves the SDK’s metrics beside its own', async () => {
  await lookAsEngineer();

  const text = await (await fetch(`http://127.0.0.1:${world.ports.workerMetrics}/metrics`)).text();

  for (const name of ['temporal_request', 'temporal_worker_task_slots_available', 'temporal_workflow_task_queue_poll_succeed', 'carethread_touchpoints_late', 'carethread_ledger_lag_seconds']) expect(text).toMatch(new RegExp(`^${name}(\\{.*\\})? \\d`, 'm'));
});

it('a coordinator is shown sealed payloads and where to sign in, and each refusal is in the ledger', async () => {
  await signIn('coordinator');
  await openWorkflow();

  await page.getByText('Payloads are sealed. Sign in as an engineer to read them.').first().waitFor();
  const seen = await page.locator('body').innerText();

  expect(seen).not.toMatch(/"subjectId"|America\/New_York/);
  expect(new Set(decodes.map(({ status }) => status))).toEqual(new Set([403]));
  const events = await decodeEvents('coordinator');
  expect(events.length).toBeGreaterThanOrEqual(decodes.length);
  expect(new Set(events.map(({ verdict, reason }) => `${verdict} ${String(reason)}`))).toEqual(new Set(['refused wrong-role']));
});

it('whoever is not signed in is shown sealed payloads, and so is the engineer after signing out', async () => {
  await openWorkflow();
  await page.getByText('Payloads are sealed.').first().waitFor();
  const before = await page.locator('body').innerText();
  const [signInPage] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: world.urls.temporalUiSignIn ?? '' }).first().click()]);
  await signInPage.getByRole('heading', { name: 'Sign in' }).waitFor();
  await signIn('engineer');
  await page.goto(world.urls.auth);
  await page.getByRole('heading', { name: 'Signed in as Eli Engineer' }).waitFor();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  decodes = [];
  await openWorkflow();
  await page.getByText('Payloads are sealed.').first().waitFor();

  expect(before).not.toContain('"subjectId"');
  expect(await page.locator('body').innerText()).not.toContain('"subjectId"');
  expect(new Set(decodes.map(({ status }) => status))).toEqual(new Set([401]));
});

it('the sign-in page works by keyboard alone, says what is wrong where a screen reader hears it, and breaks no rule of its own policy', async () => {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) errors.push(message.text());
  });
  await page.goto(world.urls.auth);
  await page.locator('#login:focus').waitFor();

  await page.keyboard.type('engineer');
  await page.keyboard.press('Tab');
  await page.keyboard.type('not the password');
  await page.keyboard.press('Enter');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  const focused = page.locator(':focus');

  expect(await alert.textContent()).toBe('Login or password is wrong. Check both and try again.');
  expect(await focused.getAttribute('id')).toBe('password');
  expect(await focused.getAttribute('aria-describedby')).toBe(await alert.getAttribute('id'));
  expect(await page.title()).toBe('Error: Sign in · Carethread');

  await page.keyboard.type(world.secrets.staff.engineer.password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Signed in as Eli Engineer' }).waitFor();
  const cookies = await page.context().cookies();

  expect(cookies.map(({ name, httpOnly, sameSite, secure }) => ({ name, httpOnly, sameSite, secure }))).toEqual([{ name: 'carethread_session', httpOnly: true, sameSite: 'Strict', secure: false }]);
  expect(await page.evaluate('document.cookie')).toBe('');
  expect(page.url()).not.toContain(cookies[0]?.value ?? '?');
  expect(errors).toEqual([]);
});
