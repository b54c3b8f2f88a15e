/** 8 kHz, 16 bit, one channel: what the provider delivers. */
export const sampleRate = 8000;

/** A WAV file with its transcript in a LIST/INFO chunk (ICMT, UTF-8), which players ignore and tests read. */
export function writeWav(samples: Int16Array, transcript: string): Buffer {
  const data = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, index) => void data.writeInt16LE(sample, index * 2));
  const format = Buffer.alloc(16);
  format.writeUInt16LE(1, 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(sampleRate, 4);
  format.writeUInt32LE(sampleRate * 2, 8);
  format.writeUInt16LE(2, 12);
  format.writeUInt16LE(16, 14);
  const comment = chunk('ICMT', Buffer.from(`${transcript}\0`, 'utf8'));
  const body = Buffer.concat([Buffer.from('WAVE'), chunk('fmt ', format), chunk('LIST', Buffer.concat([Buffer.from('INFO'), comment])), chunk('data', data)]);
  return chunk('RIFF', body);
}

function chunk(id: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 0, 'ascii');
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

/** Undefined when the bytes are no PCM WAV of 16 bits. A stream's unknown data length (as espeak writes) means: to the end. */
export function readWav(bytes: Buffer): { rate: number; samples: Int16Array; transcript: string } | undefined {
  if (bytes.length < 12 || bytes.toString('ascii', 0, 4) !== 'RIFF' || bytes.toString('ascii', 8, 12) !== 'WAVE') return undefined;
  let rate = 0;
  let transcript = '';
  let samples = new Int16Array(0);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString('ascii', at, at + 4);
    const length = Math.min(bytes.readUInt32LE(at + 4), bytes.length - at - 8);
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (id === 'fmt ' && length >= 16) {
      if (content.readUInt16LE(0) !== 1 || content.readUInt16LE(14) !== 16) return undefined;
      rate = content.readUInt32LE(4);
    }
    if (id === 'LIST' && content.toString('ascii', 0, 8) === 'INFOICMT') transcript = content.toString('utf8', 12, 12 + content.readUInt32LE(8)).replace(/\0+$/, '');
    if (id === 'data') samples = Int16Array.from({ length: Math.floor(length / 2) }, (_, index) => content.readInt16LE(index * 2));
    at += 8 + length + (length % 2);
  }
  return rate === 0 ? undefined : { rate, samples, transcript };
}

/** What was said in a recording, one line an utterance: `prompt: ...`, `spoken: ...`, `keys: ...`. Undefined when it is no WAV. */
export const readTranscript = (bytes: Buffer): string | undefined => readWav(bytes)?.transcript;
