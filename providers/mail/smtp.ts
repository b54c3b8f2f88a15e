import nodemailer from 'nodemailer';
import type { MailProvider, MailRequest, SendResult } from '../types.ts';

export interface MailSettings {
  smtpUrl: string;
  /** Name and address that mails come from. */
  from: string;
  deadlineMs: number;
  dkim: { domainName: string; keySelector: string; privateKey: string } | null;
}

/** RFC 8058 wants both unsubscribe headers signed; the library's default list leaves the second out. */
const signedHeaders = 'from:to:subject:date:message-id:mime-version:content-type:list-unsubscribe:list-unsubscribe-post';

/** Fewer than what mail servers take of one client, and as many as hand over thirty mails a second. */
const atOnce = 10;

/** Those who found all connections taken come back at different times. */
const busyForMs = (): number => 2_000 + Math.floor(Math.random() * 4_000);

/**
 * Mail by SMTP with a pool, one-click unsubscribe and DKIM. A mail that finds no connection free is not queued: it would go out long after its contact was
 * authorised, and one that never left the queue would count as unclear.
 */
export function smtpMail({ smtpUrl, from, deadlineMs, dkim }: MailSettings): MailProvider {
  const transport = nodemailer.createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: atOnce,
    connectionTimeout: deadlineMs,
    greetingTimeout: deadlineMs,
    socketTimeout: deadlineMs,
    // Given back by the server at most this often before a byte of the text was handed over; never after.
    maxRequeues: 1,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(dkim === null ? {} : { dkim: { ...dkim, headerFieldNames: signedHeaders } }),
  });
  let underWay = 0;
  return {
    async send(request) {
      if (underWay >= atOnce) return { kind: 'throttled', retryAfterMs: busyForMs() };
      underWay += 1;
      try {
        // A hard deadline over all steps: the time-outs above are each of silence.
        await transport.sendMail({ ...mailOf(from, request), signal: AbortSignal.timeout(deadlineMs) });
        return { kind: 'accepted', sid: request.messageId };
      } catch (error) {
        return resultOf(error);
      } finally {
        underWay -= 1;
      }
    },
    close: () => transport.close(),
  };
}

function mailOf(from: string, { to, subject, text, messageId, unsubscribeUrl }: MailRequest) {
  return {
    from,
    to,
    subject,
    text,
    messageId,
    headers: { 'List-Unsubscribe': `<${unsubscribeUrl}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click', 'Auto-Submitted': 'auto-generated' },
  };
}

/**
 * An answer of the server is certain, and so is a connection that was never made. The library names a connection lost after the
 * text was handed over as it names one lost before (ECONNECTION, CONN): both stay unknown.
 */
function resultOf(error: unknown): SendResult {
  const { code, responseCode, systemCall } = factsOf(error);
  if (code === 'EAUTH' || code === 'ETLS') return { kind: 'rejected', code, permanent: false, reason: `smtp-${code.toLowerCase()}`, remedy: 'fix-configuration' };
  if (responseCode !== null && responseCode >= 500 && responseCode !== 503) {
    return { kind: 'rejected', code: String(responseCode), permanent: true, reason: `smtp-${responseCode}`, remedy: code === 'EENVELOPE' ? 'fix-contact' : 'other-channel' };
  }
  if (responseCode !== null && responseCode >= 400) return { kind: 'throttled', retryAfterMs: 60_000 };
  if (code === 'EDNS' || systemCall === 'connect') return { kind: 'rejected', code: code === '' ? 'ECONNREFUSED' : code, permanent: false, reason: 'smtp-unreachable', remedy: 'wait' };
  return { kind: 'unknown', reason: 'smtp-no-answer' };
}

function factsOf(error: unknown): { code: string; responseCode: number | null; systemCall: string | null } {
  if (!(error instanceof Error)) return { code: '', responseCode: null, systemCall: null };
  return {
    code: 'code' in error && typeof error.code === 'string' ? error.code : '',
    responseCode: 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : null,
    systemCall: 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : null,
  };
}
