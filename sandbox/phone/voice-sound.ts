import { spawn } from 'node:child_process';
import { wordsOf } from './call-session.ts';
import type { Utterance } from './types.ts';
import { readWav, sampleRate } from './wav.ts';

/** One utterance as 16-bit samples at 8 kHz: a real voice where `espeak-ng` is installed, else one soft tone a word. */
export async function soundOf(utterance: Utterance): Promise<Int16Array> {
  if (utterance.who === 'beep') return tone([1000], 500);
  if (utterance.who === 'keys') return concat(Array.from(utterance.text).flatMap((key) => [tone(keyTones(key), 120), silence(80)]));
  const spoken = await espeak(utterance);
  return spoken ?? concat(wordsOf(utterance.text).flatMap((word) => [tone([wordPitch(word, utterance.who)], 60 + 30 * Math.min(8, word.length)), silence(60)]));
}

export const silence = (ms: number): Int16Array => new Int16Array(Math.round((sampleRate * ms) / 1000));

export function concat(parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A mix of sines with soft edges, which would otherwise click. */
function tone(frequencies: readonly number[], ms: number): Int16Array {
  const samples = silence(ms);
  const edge = Math.min(80, samples.length / 4);
  const share = 6000 / frequencies.length;
  return samples.map((_, index) => {
    const loudness = Math.min(1, index / edge, (samples.length - index) / edge);
    return frequencies.reduce((sum, hertz) => sum + share * loudness * Math.sin((2 * Math.PI * hertz * index) / sampleRate), 0);
  });
}

/** The two frequencies of a phone's key (DTMF). */
function keyTones(key: string): number[] {
  const index = '123456789*0#'.indexOf(key);
  const rows = [697, 770, 852, 941];
  const columns = [1209, 1336, 1477];
  return index < 0 ? [0] : [rows[Math.floor(index / 3)] ?? 0, columns[index % 3] ?? 0];
}

/** The same word has the same pitch; the product speaks lower than the patient. */
function wordPitch(word: string, who: Utterance['who']): number {
  const spread = Array.from(word).reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 12;
  return (who === 'system' ? 160 : 300) * 2 ** (spread / 12);
}

const espeakVoices: Record<string, string> = { zh: 'cmn', 'zh-CN': 'cmn', 'cmn-CN': 'cmn', 'zh-HK': 'yue', 'zh-TW': 'cmn' };

/** Undefined when espeak-ng is not on the PATH or cannot say it. */
function espeak(utterance: Utterance): Promise<Int16Array | undefined> {
  const voice = espeakVoices[utterance.language] ?? (/^[a-z]{2}(-[A-Za-z]{2})?$/.test(utterance.language) ? utterance.language.toLowerCase() : 'en-us');
  return new Promise((resolve) => {
    // The text goes by standard input, where nothing in it can pass for an option.
    const child = spawn('espeak-ng', ['-v', voice, '--stdin', '--stdout'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    child.on('error', () => resolve(undefined));
    child.stdin.on('error', () => resolve(undefined));
    child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk));
    child.on('close', (code) => resolve(code === 0 ? resample(Buffer.concat(chunks)) : undefined));
    child.stdin.end(utterance.text);
  });
}

function resample(bytes: Buffer): Int16Array | undefined {
  const wav = readWav(bytes);
  if (wav === undefined) return undefined;
  const step = wav.rate / sampleRate;
  return new Int16Array(Math.floor(wav.samples.length / step)).map((_, index) => wav.samples[Math.floor(index * step)] ?? 0);
}
