import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `node deploy/make-secrets.mjs`: makes the folder `secrets` that docker-compose.yml reads. What is there already is never
 * replaced, since all that was sealed under a key is lost with it. Keep a copy in a safe place apart from the backups.
 */
const folder = path.join(fileURLToPath(new URL('..', import.meta.url)), 'secrets');
if (existsSync(path.join(folder, 'postgres_password'))) {
  process.stderr.write(`${folder} holds secrets already; they are left as they are.\n`);
  process.exit(1);
}
mkdirSync(folder, { recursive: true, mode: 0o700 });
// Never in version control, whatever the checkout's own ignore file says.
writeFileSync(path.join(folder, '.gitignore'), '*\n');
const keep = (name, text, mode = 0o600) => writeFileSync(path.join(folder, name), `${text}\n`, { mode, flag: 'wx' });
// Read by the images of Postgres and Temporal under users of their own; the folder keeps everyone else out.
const forOtherImages = 0o644;
const password = () => randomBytes(24).toString('base64url');
const keys = (id) => JSON.stringify({ format: 1, keys: [{ id, key: randomBytes(32).toString('base64') }] });
const url = (login, secret, database) => `postgres://${login}:${secret}@postgres:5432/${database}`;

const administrator = password();
keep('postgres_password', administrator, forOtherImages);
keep('temporal_database_password', password(), forOtherImages);
keep('database_url_administrator', url('postgres', administrator, 'carethread'));
keep('keys_database_url_administrator', url('postgres', administrator, 'carethread_keys'));
for (const name of ['migrate', 'worker', 'api', 'auth', 'sealer', 'backup']) {
  const secret = password();
  keep(`password_ct_${name}`, secret);
  if (['worker', 'api', 'auth', 'sealer'].includes(name)) keep(`database_url_${name}`, url(`ct_${name}`, secret, 'carethread'));
  if (['worker', 'api'].includes(name)) keep(`keys_database_url_${name}`, url(`ct_${name}`, secret, 'carethread_keys'));
}
keep('codec_keys', keys('codec-1'));
keep('master_keys', keys('master-1'));
keep('index_key', randomBytes(32).toString('base64'));
keep('link_key', randomBytes(32).toString('base64'));

// An Ed25519 pair in the text forms of C2SP signed notes.
const name = 'carethread/ledger';
const pair = generateKeyPairSync('ed25519');
const seed = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
const point = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
const algorithm = Buffer.of(1);
const hash = createHash('sha256').update(`${name}\n`).update(algorithm).update(point).digest().subarray(0, 4).toString('hex');
const body = (bytes) => Buffer.concat([algorithm, bytes]).toString('base64');
keep('ledger_key', `PRIVATE+KEY+${name}+${hash}+${body(seed)}`);
keep('ledger_public_key', `${name}+${hash}+${body(point)}`);
process.stdout.write(`Made ${folder}. Put Twilio's token into twilio_auth_token and the mail server's address into smtp_url there, and keep ledger_public_key where the operators of this deployment cannot reach it.\n`);
if (process.getuid?.() !== 1000) process.stdout.write(`The containers run as user 1000: give the folder to it (chown -R 1000:1000 ${folder}).\n`);
