import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { messageIdFor } from '../../providers/mail/message-id.ts';
import { smtpMail } from '../../providers/mail/smtp.ts';
import type { MailProvider } from '../../providers/types.ts';
import { startMail } from '../../sandbox/mail/mail.ts';
import type { MailSandbox } from '../../sandbox/mail/mail.ts';

const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const dkim = { domainName: 'example.org', keySelector: 'test', privateKey: key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
let inbox: MailSandbox;
let mail: MailProvider;
const request = (attempt: string) => ({
  to: 'ada@example.org', subject: 'Your follow-up', text: 'Please call the ward. 请致电。',
  messageId: messageIdFor(attempt, 'example.org'), unsubscribeUrl: 'https://example.org/unsubscribe/abc',
});
const mailAt = (smtpUrl: string): MailProvider => smtpMail({ smtpUrl, from: 'Ward <ward@example.org>', deadlineMs: 1_500, dkim });

beforeAll(async () => {
  inbox = await startMail();
  mail = mailAt(inbox.smtpUrl);
});
afterAll(async () => {
  mail.close();
  await inbox.close();
});
afterEach(() => inbox.setFault(undefined));

/** Relaxed canonical form of one header (RFC 6376, 3.4.2). */
const relaxed = (header: string): string => {
  const colon = header.indexOf(':');
  return `${header.slice(0, colon).toLowerCase().trim()}:${header.slice(colon + 1).replace(/\r\n/g, '').replace(/[ \t]+/g, ' ').trim()}`;
};

/** Checks a DKIM signature (relaxed/relaxed, rsa-sha256) and returns the names of the headers that it covers. */
function verifiedHeaders(raw: Buffer): string[] | null {
  const border = raw.indexOf('\r\n\r\n');
  const headers = raw.subarray(0, border).toString('latin1').split(/\r\n(?![ \t])/);
  const signature = headers.find((header) => /^dkim-signature:/i.test(header)) ?? '';
  const tags = new Map(signature.slice(signature.indexOf(':') + 1).split(';').map((tag) => [tag.slice(0, tag.indexOf('=')).trim(), tag.slice(tag.indexOf('=') + 1).replace(/\s/g, '')]));
  const body = raw.subarray(border + 4).toString('latin1').replace(/[ \t]+\r\n/g, '\r\n').replace(/[ \t]+/g, ' ').replace(/(\r\n)*$/, '\r\n');
  if (createHash('sha256').update(Buffer.from(body, 'latin1')).digest('base64') !== tags.get('bh')) return null;
  const names = (tags.get('h') ?? '').split(':');
  const covered = names.map((name) => headers.find((header) => header.toLowerCase().startsWith(`${name.toLowerCase()}:`))).filter((header) => header !== undefined);
  const unsigned = signature.replace(/(;\s*b=)[^;]*$/s, '$1');
  const signed = [...covered.map((header) => `${relaxed(header)}\r\n`), relaxed(unsigned)].join('');
  return verify('RSA-SHA256', Buffer.from(signed, 'latin1'), key.publicKey, Buffer.from(tags.get('b') ?? '', 'base64')) ? names.map((name) => name.toLowerCase()) : null;
}

describe('sending mail', () => {
  it('carries a one-click unsubscribe that its DKIM signature covers, and the attempt\'s own Message-ID', async () => {
    const sent = request('attempt-1');

    const result = await mail.send(sent);

    const received = await inbox.waitFor((message) => message.headers.some(({ name, value }) => name.toLowerCase() === 'message-id' && value === sent.messageId));
    expect(result).toEqual({ kind: 'accepted', sid: '<attempt-1@example.org>' });
    expect(received.listUnsubscribe).toBe('<https://example.org/unsubscribe/abc>');
    expect(received.listUnsubscribePost).toBe('List-Unsubscribe=One-Click');
    expect(verifiedHeaders(received.raw)).toEqual(expect.arrayContaining(['from', 'to', 'subject', 'message-id', 'list-unsubscribe', 'list-unsubscribe-post']));
    expect(verifiedHeaders(Buffer.from(received.raw.toString('latin1').replace('One-Click', 'Two-Click'), 'latin1'))).toBeNull();
  });

  it('is refused for good by an unknown mailbox', async () => {
    inbox.setFault({ kind: 'reject' });

    expect(await mail.send(request('attempt-2'))).toEqual({ kind: 'rejected', code: '550', permanent: true, reason: 'smtp-550', remedy: 'fix-contact' });
  });

  it('waits when the server asks to', async () => {
    inbox.setFault({ kind: 'defer' });

    expect(await mail.send(request('attempt-3'))).toMatchObject({ kind: 'throttled' });
  });

  it('is unknown when the connection is lost after the text, and is not sent again', async () => {
    inbox.setFault({ kind: 'drop-after-data' });
    const before = inbox.messages().length;

    expect(await mail.send(request('attempt-4'))).toMatchObject({ kind: 'unknown' });

    inbox.setFault(undefined);
    expect(await mail.send(request('attempt-5'))).toMatchObject({ kind: 'accepted' });
    await inbox.waitFor((message) => message.headers.some(({ value }) => value === '<attempt-5@example.org>'));
    expect(inbox.messages()).toHaveLength(before + 2);
  });

  it('is unknown when the server says nothing until the deadline, and certainly not sent when all connections are taken by such', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const silent = mailAt(`smtp://127.0.0.1:${(server.address() as AddressInfo).port}`);

    const results = await Promise.all(Array.from({ length: 11 }, (_, index) => silent.send(request(`attempt-6-${index}`))));

    expect(results.map(({ kind }) => kind)).toEqual([...Array.from({ length: 10 }, () => 'unknown'), 'throttled']);
    silent.close();
    server.close();
  });

  it('is certainly not sent when nobody listens', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const nobody = mailAt(`smtp://127.0.0.1:${port}`);

    expect(await nobody.send(request('attempt-7'))).toMatchObject({ kind: 'rejected', permanent: false, remedy: 'wait' });

    nobody.close();
  });
});
