import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it } from 'vitest';
import { startMail } from '../../sandbox/mail/mail.ts';
import type { MailOptions, MailSandbox } from '../../sandbox/mail/mail.ts';

const clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of clean.splice(0).reverse()) await step();
});

async function open(options: MailOptions = {}): Promise<MailSandbox> {
  const mail = await startMail(options);
  clean.push(() => mail.close());
  return mail;
}

async function send(mail: MailSandbox, more: object = {}): Promise<unknown> {
  const transport = createTransport(mail.smtpUrl);
  const list = { unsubscribe: { url: 'https://hospital.example.org/u/abc', comment: 'stop' } };
  return transport.sendMail({ from: 'Ward 3 <ward@example.org>', to: 'li@example.org', subject: 'Day 3', text: 'How is the wound? 伤口怎么样？', list, ...more }).finally(() => transport.close());
}

describe('the mail sandbox', () => {
  it('keeps a mail with its text, its headers and its very bytes', async () => {
    const mail = await open();

    await send(mail);
    const arrived = await mail.waitFor((message) => message.subject === 'Day 3');

    expect(arrived).toMatchObject({ from: 'Ward 3 <ward@example.org>', to: ['li@example.org'], envelope: { from: 'ward@example.org', to: ['li@example.org'] } });
    expect(arrived.text).toContain('伤口怎么样');
    expect(arrived.listUnsubscribe).toContain('https://hospital.example.org/u/abc');
    expect(arrived.raw.toString()).toContain('Subject: Day 3');
  });

  it('tells those who wait when the mail comes, and those who wait in vain when it closes', async () => {
    const mail = await startMail();
    const coming = mail.waitFor((message) => message.subject === 'later');
    const never = mail.waitFor(() => false).catch((error: unknown) => String(error));

    await send(mail, { subject: 'later' });

    expect((await coming).subject).toBe('later');
    await mail.close();
    expect(await never).toContain('closed');
  });

  it.each([
    ['reject', 550],
    ['defer', 451],
  ] as const)('answers %s with %i and keeps nothing', async (kind, code) => {
    const mail = await open({ fault: { kind, recipient: 'li@example.org' } });

    const refusal = await send(mail).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ responseCode: code });
    expect(mail.messages()).toEqual([]);
  });

  it('keeps a mail whose sender it leaves without an answer', async () => {
    const mail = await open({ fault: { kind: 'drop-after-data' } });

    const refusal = await send(mail).catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(Error);
    expect(mail.messages()).toHaveLength(1);
  });

  it('has its mails again after a restart', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'carethread-mail-'));
    clean.push(() => rm(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'mails.jsonl');
    const first = await startMail({ file });
    await send(first, { subject: 'kept' });
    await first.close();

    const second = await open({ file });

    expect(second.messages().map((message) => message.subject)).toEqual(['kept']);
  });

  it('takes the next ports where the wanted ones are busy', async () => {
    const first = await open();
    const [smtpPort, httpPort] = [first.smtpUrl, first.url].map((url) => Number(new URL(url).port));

    const second = await open({ smtpPort: smtpPort ?? 0, httpPort: httpPort ?? 0 });

    expect(new Set([first.smtpUrl, first.url, second.smtpUrl, second.url]).size).toBe(4);
  });
});

describe("the inbox's page", () => {
  it('sends a mail’s own HTML under a policy that runs and fetches nothing', async () => {
    const mail = await open();
    await send(mail, { html: '<script>parent.hurt = true</script><p>Hello</p>' });
    const [message] = mail.messages();

    const response = await fetch(`${mail.url}/messages/${message?.id ?? ''}/html`);

    expect(response.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    expect(await response.text()).toContain('<p>Hello</p>');
  });

  it('takes a fault only as JSON, which another site’s page cannot send', async () => {
    const mail = await open();
    const body = JSON.stringify({ kind: 'reject' });

    const asForm = await fetch(`${mail.url}/api/fault`, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });
    const asJson = await fetch(`${mail.url}/api/fault`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });

    expect([asForm.status, asJson.status]).toEqual([415, 204]);
    await expect(send(mail)).rejects.toMatchObject({ responseCode: 550 });
  });
});
