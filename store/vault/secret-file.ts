import { randomBytes, randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';

/** `secret-missing`, `too-open` (others than its owner may reach it) or `secret-malformed`; the message names the file and the way out. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError';
  readonly code: 'secret-missing' | 'too-open' | 'secret-malformed';

  constructor(code: SecretFileError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The text of a secret file. Throws SecretFileError. */
export async function readSecretFile(path: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) throw new SecretFileError('secret-missing', `${path} is missing: restore it from its safe place, or let a first start on a laptop create it.`);
    throw error;
  });
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0) throw new SecretFileError('too-open', `${path} can be reached by others than its owner: run chmod 600 on it.`);
  return readFile(path, 'utf8');
}

/** Makes the file (0600, on disk before it has its name) unless it exists: of two processes that start at once, one wins whole. */
export async function createSecretFile(path: string, text: string): Promise<void> {
  const draft = await writeDraft(path, text);
  try {
    await link(draft, path);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Replaces the file in one step. */
export async function replaceSecretFile(path: string, text: string): Promise<void> {
  await rename(await writeDraft(path, text), path);
}

/** 32 secret bytes kept as base64 in a file of their own: the index key, the payload keys. With `create`, a missing file is made. */
export async function fileSecret(path: string, options: { create: boolean }): Promise<Buffer> {
  if (options.create) await createSecretFile(path, `${randomBytes(32).toString('base64')}\n`);
  const bytes = Buffer.from(await readSecretFile(path), 'base64');
  if (bytes.length !== 32) throw new SecretFileError('secret-malformed', `${path} must hold 32 bytes in base64.`);
  return bytes;
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return draft;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
