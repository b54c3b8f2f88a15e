import { randomUUID } from 'node:crypto';
import PostalMime from 'postal-mime';

/** A mail as it arrived. */
export interface MailMessage {
  readonly id: string;
  /** ISO 8601 instant. */
  readonly receivedAt: string;
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  /** As the header says it, e.g. `Ward 3 <ward@example.org>`. */
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** The HTML part as sent, never to be shown outside a sandboxed frame. */
  readonly html: string | undefined;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly listUnsubscribe: string | undefined;
  readonly listUnsubscribePost: string | undefined;
  /** The very bytes, e.g. to check a DKIM signature. */
  readonly raw: Buffer;
}

/** What is kept of a message: all else is parsed from it. */
export interface StoredMail {
  readonly id: string;
  readonly receivedAt: string;
  readonly envelope: MailMessage['envelope'];
  /** Base64. */
  readonly raw: string;
}

const written = ({ name, address }: { name?: string | undefined; address?: string | undefined }): string => (name === undefined || name === '' ? (address ?? '') : `${name} <${address ?? ''}>`);

/** Reads a message that was kept. */
export async function parseMail({ id, receivedAt, envelope, raw }: StoredMail): Promise<MailMessage> {
  const bytes = Buffer.from(raw, 'base64');
  const mail = await PostalMime.parse(bytes);
  const headers = mail.headers.map(({ originalKey, value }) => ({ name: originalKey, value }));
  const header = (name: string): string | undefined => headers.find((each) => each.name.toLowerCase() === name)?.value;
  return {
    id,
    receivedAt,
    envelope,
    from: mail.from === undefined ? envelope.from : written(mail.from),
    to: (mail.to ?? []).map(written),
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html,
    headers,
    listUnsubscribe: header('list-unsubscribe'),
    listUnsubscribePost: header('list-unsubscribe-post'),
    raw: bytes,
  };
}

/** A message that has just arrived. */
export function newMail(envelope: MailMessage['envelope'], raw: Buffer): StoredMail {
  return { id: randomUUID(), receivedAt: new Date().toISOString(), envelope, raw: raw.toString('base64') };
}
