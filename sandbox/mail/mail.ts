import { openInbox } from './inbox.ts';
import type { MailMessage } from './message.ts';
import { startSmtp } from './smtp.ts';
import type { MailFault } from './smtp.ts';
import { serveInbox } from './web.ts';

/** What the mail sandbox needs to be told; without ports it takes free ones. */
export interface MailOptions {
  readonly smtpPort?: number;
  readonly httpPort?: number;
  /** JSON lines of all mails, read again at the next start; without it they are in memory only. */
  readonly file?: string;
  readonly fault?: MailFault;
}

/** A mail server that delivers nothing, and the page that shows what it was sent. */
export interface MailSandbox {
  readonly smtpUrl: string;
  readonly url: string;
  messages(): readonly MailMessage[];
  /** The first mail, kept or still to come, that the predicate accepts; rejects after `withinMs` (10 s) or at `close`. */
  waitFor(predicate: (message: MailMessage) => boolean, withinMs?: number): Promise<MailMessage>;
  setFault(fault: MailFault | undefined): void;
  close(): Promise<void>;
}

/** Starts both on 127.0.0.1. */
export async function startMail(options: MailOptions = {}): Promise<MailSandbox> {
  const inbox = await openInbox(options.file);
  const smtp = await startSmtp(inbox, options.smtpPort);
  smtp.setFault(options.fault);
  const page = await serveInbox(inbox, (fault) => smtp.setFault(fault), options.httpPort);
  const waiting = new Set<(reason: Error) => void>();
  return {
    smtpUrl: `smtp://127.0.0.1:${smtp.port}`,
    url: `http://127.0.0.1:${page.port}`,
    messages: () => inbox.messages(),
    waitFor: async (predicate, withinMs = 10_000) => {
      const arrived = inbox.messages().find(predicate);
      if (arrived !== undefined) return arrived;
      return new Promise((resolve, reject) => {
        const end = (settle: () => void): void => {
          clearTimeout(timer);
          unwatch();
          waiting.delete(refuse);
          settle();
        };
        const refuse = (reason: Error): void => end(() => reject(reason));
        const timer = setTimeout(() => refuse(new Error(`No such mail came within ${withinMs} ms; ${inbox.messages().length} others did.`)), withinMs);
        const unwatch = inbox.watch((message) => {
          if (predicate(message)) end(() => resolve(message));
        });
        waiting.add(refuse);
      });
    },
    setFault: (fault) => smtp.setFault(fault),
    close: async () => {
      for (const refuse of [...waiting]) refuse(new Error('The mail sandbox was closed.'));
      await Promise.all([smtp.close(), page.close()]);
    },
  };
}
