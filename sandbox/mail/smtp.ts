import { once } from 'node:events';
import type { Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { freePort } from '../ports.ts';
import type { Inbox } from './inbox.ts';

/** What a mail server can do to a sender; to one recipient, or to all. */
export interface MailFault {
  /** `reject`: 550 for the recipient; `defer`: 451; `drop-after-data`: the mail is kept, but the sender never hears so. */
  readonly kind: 'reject' | 'defer' | 'drop-after-data';
  readonly recipient?: string;
}

/** A mail server that keeps all it is sent and delivers nothing. */
export interface SmtpSink {
  readonly port: number;
  setFault(fault: MailFault | undefined): void;
  close(): Promise<void>;
}

class SmtpRefusal extends Error {
  readonly responseCode: number;
  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

const largestMailBytes = 10 * 1024 * 1024;

/** Starts the mail server on 127.0.0.1; the next free port is taken when the wanted one is busy. */
export async function startSmtp(inbox: Inbox, wantedPort: number | undefined): Promise<SmtpSink> {
  let fault: MailFault | undefined;
  const faultFor = (recipients: readonly string[]): MailFault['kind'] | undefined => (fault?.recipient === undefined || recipients.includes(fault.recipient) ? fault?.kind : undefined);
  const sockets = new Map<number, Socket>();
  const server = new SMTPServer({
    banner: 'Carethread sandbox: keeps all, delivers nothing',
    // Without TLS or a login there is nothing to encrypt for: it listens on this machine only.
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: largestMailBytes,
    closeTimeout: 500,
    onRcptTo: (recipient, _session, callback) => {
      const kind = faultFor([recipient.address]);
      if (kind === 'reject') callback(new SmtpRefusal(550, '5.1.1 No such mailbox'));
      else if (kind === 'defer') callback(new SmtpRefusal(451, '4.3.2 Try again later'));
      else callback();
    },
    onData: (stream, session, callback) => {
      const to = session.envelope.rcptTo.map((recipient) => recipient.address);
      const from = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
      const receive = async (): Promise<void> => {
        const raw = await buffer(stream);
        if (stream.sizeExceeded) throw new SmtpRefusal(552, '5.3.4 Message too big');
        await inbox.add({ from, to }, raw);
        if (faultFor(to) === 'drop-after-data') sockets.get(session.remotePort)?.destroy();
      };
      receive().then(
        () => callback(),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
  // A sender that breaks off is its own trouble, not ours.
  server.on('error', () => undefined);
  server.server.on('connection', (socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.once('close', () => sockets.delete(port));
  });
  const port = await freePort(wantedPort);
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port,
    setFault: (next) => {
      fault = next;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
