import { parseArgs } from 'node:util';
import { defineProcess, loadConfig, secretKey } from '../config/load.ts';
import { postgresUrl } from '../config/values.ts';
import { connect } from '../store/connect.ts';
import { createGate } from '../store/gate.ts';
import { createSession, findServiceAccount } from '../store/people.ts';

/**
 * Makes a token for a service account (a person whose one role is `service`) and prints it, once; the ledger notes it:
 *
 *   DATABASE_URL_AUTH=... node scripts/run.mjs api/token-cli.ts --login his-import --days 90
 */
const config = loadConfig(defineProcess({ process: 'token tool', keys: { databaseUrl: secretKey('DATABASE_URL_AUTH', postgresUrl, 'The facts, as login ct_auth.') } }));
const { values } = parseArgs({ options: { login: { type: 'string' }, days: { type: 'string', default: '90' } } });
const days = Number(values.days);
const sql = connect(config.databaseUrl, { max: 1, applicationName: 'carethread-token' });
try {
  process.exitCode = await makeToken(values.login);
} finally {
  await sql.end({ timeout: 5 });
}

async function makeToken(login: string | undefined): Promise<number> {
  if (login === undefined || !Number.isInteger(days) || days < 1 || days > 366) {
    process.stderr.write('Say --login <service account> and --days <1 to 366>.\n');
    return 2;
  }
  const account = await findServiceAccount(sql, login);
  if (account === null) {
    process.stderr.write(`There is no active account "${login}" whose one role is "service". Make it with api/people-cli.ts.\n`);
    return 1;
  }
  await createGate(sql).noteSignIn(login, 'allowed', 'service-token');
  const { token, expiresAt } = await createSession(sql, account.personId, days * 86_400);
  process.stdout.write(`${JSON.stringify({ token, expiresAt })}\n`);
  return 0;
}
