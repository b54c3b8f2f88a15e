import { startMail } from './mail.ts';

/**
 * The mail sandbox as a process of its own. MAIL_SMTP_PORT and MAIL_HTTP_PORT name the wanted ports, MAIL_FILE where
 * mails are kept. Prints one line of JSON, `{ smtpUrl, url }`, once it listens; ends on SIGINT or SIGTERM.
 */
const portIn = (name: string): number | undefined => (process.env[name] === undefined ? undefined : Number(process.env[name]));
const smtpPort = portIn('MAIL_SMTP_PORT');
const httpPort = portIn('MAIL_HTTP_PORT');
const file = process.env['MAIL_FILE'];

const mail = await startMail({
  ...(smtpPort === undefined ? {} : { smtpPort }),
  ...(httpPort === undefined ? {} : { httpPort }),
  ...(file === undefined ? {} : { file }),
});
process.stdout.write(`${JSON.stringify({ smtpUrl: mail.smtpUrl, url: mail.url })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void mail.close());
