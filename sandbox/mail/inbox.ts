import { appendFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { newMail, parseMail } from './message.ts';
import type { MailMessage, StoredMail } from './message.ts';

const kept = 2000;

/** The mails that arrived, oldest first; the last 2,000 are kept. */
export interface Inbox {
  messages(): readonly MailMessage[];
  find(id: string): MailMessage | undefined;
  /** Settles once the mail is parsed, kept in the file and told to those who watch. */
  add(envelope: MailMessage['envelope'], raw: Buffer): Promise<void>;
  /** Calls back for each mail that arrives from now on; the answer ends that. */
  watch(onMail: (message: MailMessage) => void): () => void;
}

async function readKept(file: string): Promise<MailMessage[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean).slice(-kept);
  const messages: MailMessage[] = [];
  for (const line of lines) {
    try {
      messages.push(await parseMail(JSON.parse(line) as StoredMail));
    } catch {
      // A line torn by a crash: the sender was never told that this mail arrived, and sends it again.
    }
  }
  return messages;
}

/** An inbox in memory, and in a file of JSON lines where one is named. */
export async function openInbox(file: string | undefined): Promise<Inbox> {
  if (file !== undefined) await mkdir(path.dirname(file), { recursive: true });
  const messages = file === undefined ? [] : await readKept(file);
  const watchers = new Set<(message: MailMessage) => void>();
  return {
    messages: () => [...messages],
    find: (id) => messages.find((message) => message.id === id),
    add: async (envelope, raw) => {
      const stored = newMail(envelope, raw);
      const message = await parseMail(stored);
      if (file !== undefined) await appendFile(file, `${JSON.stringify(stored)}\n`);
      messages.push(message);
      if (messages.length > kept) messages.shift();
      for (const watcher of watchers) watcher(message);
    },
    watch: (onMail) => {
      watchers.add(onMail);
      return () => void watchers.delete(onMail);
    },
  };
}
