import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of the journal: the newest record of a kind and key wins when it is read back. */
export interface JournalLine {
  kind: string;
  record: unknown;
}

/** Keeps what the network accepted, so that a killed and restarted simulator still knows it. */
export interface Journal {
  read(): JournalLine[];
  append(line: JournalLine): void;
  writeSound(sid: string, wav: Buffer): void;
  readSound(sid: string): Buffer | undefined;
  deleteSound(sid: string): void;
}

/** In memory only: sounds are kept, lines are not. */
export function memoryJournal(): Journal {
  const sounds = new Map<string, Buffer>();
  return {
    read: () => [],
    append: () => undefined,
    writeSound: (sid, wav) => void sounds.set(sid, wav),
    readSound: (sid) => sounds.get(sid),
    deleteSound: (sid) => void sounds.delete(sid),
  };
}

/** JSON lines in `dataDir/network.jsonl`, written before the API answers; sounds in `dataDir/recordings`. */
export function fileJournal(dataDir: string): Journal {
  const sounds = join(dataDir, 'recordings');
  mkdirSync(sounds, { recursive: true });
  const file = join(dataDir, 'network.jsonl');
  const soundFile = (sid: string): string => join(sounds, `${sid}.wav`);
  return {
    read() {
      if (!existsSync(file)) return [];
      const text = readFileSync(file, 'utf8');
      // A kill in the middle of a write leaves half a last line: it was never answered, so it is dropped, and cut off
      // lest the next line be glued to it.
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      if (whole !== text) writeFileSync(file, whole);
      return whole.split('\n').filter((line) => line !== '').map(parseLine);
    },
    append: (line) => appendFileSync(file, `${JSON.stringify(line)}\n`),
    writeSound: (sid, wav) => writeFileSync(soundFile(sid), wav),
    readSound: (sid) => (existsSync(soundFile(sid)) ? readFileSync(soundFile(sid)) : undefined),
    deleteSound: (sid) => rmSync(soundFile(sid), { force: true }),
  };
}

function parseLine(line: string): JournalLine {
  const value: unknown = JSON.parse(line);
  if (typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string' && 'record' in value) return { kind: value.kind, record: value.record };
  throw new Error('The journal of the phone network holds a line that it did not write; move its data folder away and start again.');
}
