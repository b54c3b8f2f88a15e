import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { hospital, startWorld } from '../sandbox/phone-world.ts';
import type { World } from '../sandbox/phone-world.ts';
import { launchBrowser, newPage } from '../support/browser.ts';

const patient = '+12025550151';

let browser: Browser;
let world: World;
let page: Page;
let pageErrors: string[];
let card: Locator;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  world = await startWorld();
  world.network.phone(patient);
  page = await newPage(browser);
  pageErrors = [];
  page.on('pageerror', (error) => void pageErrors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') pageErrors.push(message.text());
  });
  await page.goto(world.network.url);
  card = page.locator(`#phone-${patient.slice(1)}`);
  await card.waitFor();
});
afterEach(async () => {
  await page.close();
  await world.close();
});

const send = (body: string) => world.client.messages.create({ to: patient, from: hospital, body });

it('shows a hostile text as the text that it is, and runs nothing of it', async () => {
  const hostile = `</p><img src=x onerror="document.title='taken'"><script>document.title="taken"</script>&lt;b&gt; \u202Egnitirw`;
  await fetch(`${world.network.url}/sandbox/phones`, { method: 'POST', body: JSON.stringify({ number: patient, label: '<svg onload="document.title=1">' }) });

  await send(hostile);
  await card.locator('.bubble p').waitFor();

  expect(await card.locator('.bubble p').textContent()).toBe(hostile);
  expect(await card.locator('h2').textContent()).toBe('<svg onload="document.title=1">');
  expect(await page.locator('article img, article script, article svg').count()).toBe(0);
  expect([await page.title(), pageErrors]).toEqual(['Phones · Carethread sandbox', []]);
});

it('forbids inline script, and anything from elsewhere', async () => {
  const answer = await fetch(world.network.url);

  const policy = answer.headers.get('content-security-policy') ?? '';
  const markup = await answer.text();

  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toContain('unsafe');
  expect(markup).not.toMatch(/<script(?![^>]*\ssrc=)|\son\w+=|style=/);
});

it('shows a text arrive and be answered, by keyboard alone', async () => {
  world.product.answer = () => ({ body: '<Response><Message>谢谢您</Message></Response>' });
  await send('疼痛有多强?');
  await card.getByText('疼痛有多强?').waitFor();

  await card.getByPlaceholder('Reply as this person').focus();
  await page.keyboard.type('3');
  await page.keyboard.press('Enter');
  await card.getByText('谢谢您').waitFor();

  expect(world.product.of('/sms').map((post) => post.form['Body'])).toEqual(['3']);
  expect(await card.locator('.bubble.own p').allTextContents()).toEqual(['3']);
});

it('says why a text did not arrive, and that a reply was not taken', async () => {
  await Promise.all([page.waitForResponse('**/sandbox/phones'), card.getByLabel('Texts').selectOption('landline')]);
  world.product.answer = () => ({ status: 500 });

  await send('Hello');
  await card.getByPlaceholder('Reply as this person').fill('Is anyone there?');
  await card.getByRole('button', { name: 'Send' }).click();

  await card.getByText('30006 Landline').waitFor();
  await card.getByText('The webhook did not take it').waitFor();
  await page.getByText('Webhook errors: 1').waitFor();
});

it('lets a person answer a call, press keys, speak, and hang up, and keeps what was said', async () => {
  world.product.answer = (post) => ({
    body: post.path === '/start' ? '<Response><Gather numDigits="1" action="/key"><Say>Press a key</Say></Gather></Response>' : '<Response><Gather input="speech" timeout="60" action="/said"><Say>Say something</Say></Gather></Response>',
  });
  await world.client.calls.create({ to: patient, from: hospital, url: `${world.product.url}/start`, record: true });

  await card.getByRole('button', { name: 'Answer', exact: true }).click();
  await card.getByText('Press a key').waitFor();
  await card.getByText('Waits for a key').waitFor();
  await card.getByRole('button', { name: '7', exact: true }).click();
  await card.getByText('Listens to you').waitFor();
  await card.getByLabel('Say something').fill('我很好');
  await card.getByRole('button', { name: 'Say', exact: true }).click();
  await world.product.until(() => world.product.of('/said')[0]);
  await card.getByRole('button', { name: 'Hang up' }).click();
  await card.locator('.call-entry summary').click();

  await card.locator('.call-entry').getByText('我很好').waitFor();
  await card.locator('audio').waitFor();
  expect([world.product.of('/key')[0]?.form['Digits'], world.product.of('/said')[0]?.form['SpeechResult'], pageErrors]).toEqual(['7', '我很好', []]);
});

it('drops the provider’s answer for the next text when asked to', async () => {
  await card.getByRole('button', { name: 'Drop the provider’s answer' }).click();
  await card.getByRole('button', { name: 'The next answer will be dropped', pressed: true }).waitFor();

  await expect(send('Once')).rejects.toMatchObject({ code: 'ECONNRESET' });
  await card.getByText('Once').waitFor();

  await card.getByRole('button', { name: 'Drop the provider’s answer', pressed: false }).waitFor();
});

it('kills the worker through the control address, and hides the button where there is none', async () => {
  const other = await startWorld({ controlUrl: `${world.product.url}/control` });
  const second = await newPage(browser);
  await second.goto(other.network.url);

  await second.getByRole('button', { name: 'Kill the worker' }).click();
  await world.product.until(() => world.product.of('/control/kill/worker')[0]);

  expect(await page.getByRole('button', { name: 'Kill the worker' }).count()).toBe(0);
  await second.close();
  await other.close();
});
