import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A person of the laptop's hospital who can sign in. */
export interface Credential {
  readonly login: string;
  readonly password: string;
}

export const logins = ['ct_migrate', 'ct_worker', 'ct_api', 'ct_auth', 'ct_sealer', 'ct_backup'] as const;
export type LoginName = (typeof logins)[number];

export const staff = [
  { login: 'coordinator', displayName: 'Casey Coordinator', roles: ['coordinator'], phone: null },
  { login: 'nurse', displayName: 'Noor Nurse', roles: ['clinician'], phone: '+12025550190' },
  { login: 'doctor-1', displayName: 'Dana Doctor', roles: ['clinician'], phone: '+12025550191' },
  { login: 'doctor-2', displayName: 'Devin Doctor', roles: ['clinician'], phone: '+12025550192' },
  { login: 'supervisor', displayName: 'Sam Supervisor', roles: ['clinician'], phone: '+12025550193' },
  { login: 'engineer', displayName: 'Eli Engineer', roles: ['engineer'], phone: null },
  { login: 'auditor', displayName: 'Ari Auditor', roles: ['auditor'], phone: null },
  { login: 'admin', displayName: 'Alex Admin', roles: ['admin'], phone: null },
] as const;
export type StaffLogin = (typeof staff)[number]['login'];

export const rotas = [
  { role: 'nurse', logins: ['nurse'] },
  { role: 'on-call-1', logins: ['doctor-1'] },
  { role: 'on-call-2', logins: ['doctor-2'] },
  { role: 'supervisor', logins: ['supervisor'] },
] as const;

/** All secrets of one laptop, made once and kept in files of mode 0600. */
export interface Secrets {
  readonly superuserPassword: string;
  readonly loginPasswords: Readonly<Record<LoginName, string>>;
  readonly twilioAccountSid: string;
  readonly twilioAuthToken: string;
  readonly staff: Readonly<Record<StaffLogin, Credential>>;
  readonly files: {
    readonly masterKeys: string;
    readonly indexKey: string;
    readonly linkKey: string;
    readonly codecKeys: string;
    readonly ledgerKey: string;
    readonly ledgerPublicKey: string;
    /** Sign-in names and passwords, for the person at the laptop. */
    readonly staff: string;
  };
}

/** Reads the secrets in this folder, making those that are missing. */
export async function openSecrets(folder: string): Promise<Secrets> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const file = (name: string): string => path.join(folder, name);
  const files = { masterKeys: file('master-keys.json'), indexKey: file('index.key'), linkKey: file('link.key'), codecKeys: file('codec-keys.json'), ledgerKey: file('ledger.key'), ledgerPublicKey: file('ledger.pub'), staff: file('staff.json') };
  await once(files.masterKeys, () => keyList('laptop'));
  await once(files.codecKeys, () => keyList('laptop'));
  await once(files.indexKey, () => `${randomBytes(32).toString('base64')}\n`);
  await once(files.linkKey, () => `${randomBytes(32).toString('base64')}\n`);
  const ledger = noteKey('carethread/laptop');
  // One text holds both, so that a start cut off between two files cannot leave halves of two pairs.
  const [privateKey = '', publicKey = ''] = (await once(file('ledger.pair'), () => `${ledger.privateKey}\n${ledger.publicKey}\n`)).split('\n');
  await once(files.ledgerKey, () => `${privateKey}\n`);
  await once(files.ledgerPublicKey, () => `${publicKey}\n`);
  const passwords = JSON.parse(await once(file('passwords.json'), newPasswords)) as Omit<Secrets, 'staff' | 'files'>;
  const credentials = JSON.parse(await once(files.staff, newStaff)) as Secrets['staff'];
  return { ...passwords, staff: credentials, files };
}

async function once(file: string, make: () => string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined && kept !== '') return kept;
  const text = make();
  await writeFile(file, text, { mode: 0o600 });
  return text;
}

const password = (): string => randomBytes(18).toString('base64url');

function newPasswords(): string {
  return JSON.stringify({
    superuserPassword: password(),
    loginPasswords: Object.fromEntries(logins.map((login) => [login, password()])),
    twilioAccountSid: `AC${randomBytes(16).toString('hex')}`,
    twilioAuthToken: randomBytes(16).toString('hex'),
  });
}

function newStaff(): string {
  return `${JSON.stringify(Object.fromEntries(staff.map(({ login }) => [login, { login, password: password() }])), null, 2)}\n`;
}

function keyList(id: string): string {
  return `${JSON.stringify({ format: 1, keys: [{ id, key: randomBytes(32).toString('base64') }] })}\n`;
}

/** An Ed25519 key pair in the text forms of C2SP signed notes, which the ledger's checkpoints are. */
function noteKey(name: string): { privateKey: string; publicKey: string } {
  const pair = generateKeyPairSync('ed25519');
  const seed = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const point = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const algorithm = Buffer.of(1);
  const hash = createHash('sha256').update(`${name}\n`).update(algorithm).update(point).digest().subarray(0, 4).toString('hex');
  const body = (bytes: Buffer): string => Buffer.concat([algorithm, bytes]).toString('base64');
  return { privateKey: `PRIVATE+KEY+${name}+${hash}+${body(seed)}`, publicKey: `${name}+${hash}+${body(point)}` };
}
