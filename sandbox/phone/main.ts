/**
 * The phone network as its own process. Flags, or the environment:
 *   --port          PHONE_PORT            0: any free one
 *   --host          PHONE_HOST            127.0.0.1
 *   --account-sid   TWILIO_ACCOUNT_SID    required
 *   --auth-token    TWILIO_AUTH_TOKEN     required
 *   --sms-webhook   PHONE_SMS_WEBHOOK     where inbound texts are posted
 *   --public-url    PHONE_PUBLIC_URL      how the product reaches this server
 *   --data-dir      PHONE_DATA_DIR        keeps messages and calls across restarts
 *   --speed         PHONE_SPEED           divides all delays
 *   --own-number    PHONE_OWN_NUMBER      the hospital's number
 *   --control-url   PHONE_CONTROL_URL     shows "kill the worker"; posts to <url>/kill/worker
 *   --opt-out       PHONE_OPT_OUT         off, default or advanced
 * Prints one line of JSON, {"url", "port"}, when it listens; SIGINT or SIGTERM ends it.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startPhoneNetwork } from './server.ts';
import type { PhoneNetworkOptions } from './server.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    port: text, host: text, 'account-sid': text, 'auth-token': text, 'sms-webhook': text, 'public-url': text, 'data-dir': text, speed: text,
    'own-number': text, 'control-url': text, 'opt-out': text,
  },
});
const { env } = process;
const schema = z.object({
  port: z.coerce.number().int().min(0).max(65535).optional(),
  host: z.string().optional(),
  accountSid: z.string({ error: 'set --account-sid or TWILIO_ACCOUNT_SID' }),
  authToken: z.string({ error: 'set --auth-token or TWILIO_AUTH_TOKEN' }),
  smsWebhookUrl: z.url().optional(),
  publicUrl: z.url().optional(),
  dataDir: z.string().optional(),
  speed: z.coerce.number().positive().optional(),
  ownNumber: z.string().optional(),
  controlUrl: z.url().optional(),
  optOut: z.enum(['off', 'default', 'advanced']).optional(),
});
const parsed = schema.safeParse({
  port: values.port ?? env['PHONE_PORT'],
  host: values.host ?? env['PHONE_HOST'],
  accountSid: values['account-sid'] ?? env['TWILIO_ACCOUNT_SID'],
  authToken: values['auth-token'] ?? env['TWILIO_AUTH_TOKEN'],
  smsWebhookUrl: values['sms-webhook'] ?? env['PHONE_SMS_WEBHOOK'],
  publicUrl: values['public-url'] ?? env['PHONE_PUBLIC_URL'],
  dataDir: values['data-dir'] ?? env['PHONE_DATA_DIR'],
  speed: values.speed ?? env['PHONE_SPEED'],
  ownNumber: values['own-number'] ?? env['PHONE_OWN_NUMBER'],
  controlUrl: values['control-url'] ?? env['PHONE_CONTROL_URL'],
  optOut: values['opt-out'] ?? env['PHONE_OPT_OUT'],
});

if (parsed.success) {
  const given = Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined));
  const options: PhoneNetworkOptions = { ...given, accountSid: parsed.data.accountSid, authToken: parsed.data.authToken };
  const network = await startPhoneNetwork(options);
  console.log(JSON.stringify({ url: network.url, port: network.port }));
  const stop = (): void => void network.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
} else {
  console.error(`The phone network cannot start:\n${z.prettifyError(parsed.error)}`);
  process.exitCode = 1;
}
