import { constants, gunzipSync, gzipSync } from 'node:zlib';

/** The forms in which a text may lie somewhere without being sealed. */
export const forms = ['plain', 'hex', 'base64-0', 'base64-1', 'base64-2', 'utf-16-le', 'utf-16-be', 'json-escaped', 'url-encoded', 'gzip'] as const;
export type Form = (typeof forms)[number];

/** A text in one of its forms, as bytes to be written; base64 stands behind as many bytes as its offset says. */
export function inForm(text: string, form: Form): Buffer {
  const utf8 = Buffer.from(text);
  switch (form) {
    case 'plain':
      return utf8;
    case 'hex':
      return Buffer.from(utf8.toString('hex'));
    case 'base64-0':
    case 'base64-1':
    case 'base64-2':
      return Buffer.from(Buffer.concat([Buffer.from('~~'.slice(0, Number(form.at(-1)))), utf8, Buffer.from('~')]).toString('base64'));
    case 'utf-16-le':
      return Buffer.from(text, 'utf16le');
    case 'utf-16-be':
      return Buffer.from(text, 'utf16le').swap16();
    case 'json-escaped':
      return Buffer.from(Array.from({ length: text.length }, (_, index) => `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''));
    case 'url-encoded':
      return Buffer.from(utf8.reduce((sum, byte) => `${sum}%${byte.toString(16).padStart(2, '0')}`, ''));
    case 'gzip':
      return gzipSync(utf8);
  }
}

interface Needle {
  form: Form;
  bytes: Buffer;
}

/** Byte strings that betray a canary, by form. Of base64 only the part that no neighbour changes. A sound has no letters to be written otherwise. */
function needlesOf(canary: string | Buffer): Needle[] {
  const raw = Buffer.from(canary);
  const base64 = [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), raw]);
    // Whole groups of three bytes, without the one that begins with bytes that are not ours.
    const first = offset === 0 ? 0 : 3;
    const part = padded.subarray(first, first + Math.floor((padded.length - first) / 3) * 3).toString('base64');
    const form = `base64-${offset}` as Form;
    return [part, part.replaceAll('+', '-').replaceAll('/', '_')].map((text) => ({ form, bytes: Buffer.from(text) }));
  });
  const hex = raw.toString('hex');
  const ofBytes: Needle[] = [{ form: 'plain', bytes: raw }, { form: 'hex', bytes: Buffer.from(hex) }, { form: 'hex', bytes: Buffer.from(hex.toUpperCase()) }, ...base64];
  return distinct(typeof canary === 'string' ? [...ofBytes, ...lettersOf(canary)] : ofBytes);
}

function lettersOf(text: string): Needle[] {
  const shortest = JSON.stringify(text).slice(1, -1).replaceAll(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const upper = (form: Form): Buffer => Buffer.from(inForm(text, form).toString().replaceAll(/[a-f]/g, (letter) => letter.toUpperCase()).replaceAll('\\U', '\\u'));
  return [
    ...(['utf-16-le', 'utf-16-be', 'json-escaped', 'url-encoded'] as const).map((form) => ({ form, bytes: inForm(text, form) })),
    ...(['json-escaped', 'url-encoded'] as const).map((form) => ({ form, bytes: upper(form) })),
    { form: 'json-escaped', bytes: Buffer.from(shortest) },
    { form: 'url-encoded', bytes: Buffer.from(encodeURIComponent(text)) },
    { form: 'url-encoded', bytes: Buffer.from(encodeURIComponent(text).replaceAll('%20', '+')) },
  ];
}

/** Digits alone are the same in several forms: each is looked for once, under the first. */
function distinct(needles: readonly Needle[]): Needle[] {
  return [...new Map([...needles].reverse().map((needle) => [needle.bytes.toString('latin1'), needle])).values()];
}

export interface Finding {
  canary: string;
  form: Form;
  /** Where: a file, a table, a history. */
  place: string;
}

/** Looks for every canary in every form, in these bytes and in each gzip stream within them. */
export type Seeker = (bytes: Buffer, place: string) => Finding[];

/**
 * Canaries are named, so that a finding quotes none. Those that hold the mark are looked for one by one only where the mark was seen, in whatever form: that tells
 * of a part of one, too, and a hundred megabytes are gone through for one text instead of twenty.
 */
export function seekerOf(canaries: Readonly<Record<string, string | Buffer>>, mark: string): Seeker {
  const named = Object.entries(canaries).map(([canary, text]) => ({ canary, needles: needlesOf(text), isMarked: typeof text === 'string' && text.includes(mark) }));
  const marks = needlesOf(mark);
  const seenOf = (bytes: Buffer, isMarked: boolean): Omit<Finding, 'place'>[] =>
    named.filter((each) => each.isMarked === isMarked).flatMap(({ canary, needles }) => needles.filter((needle) => bytes.includes(needle.bytes)).map(({ form }) => ({ canary, form })));
  const within = (bytes: Buffer): Omit<Finding, 'place'>[] => {
    const parts = marks.filter((needle) => bytes.includes(needle.bytes)).map(({ form }) => ({ canary: 'a part of one', form }));
    const whole = parts.length === 0 ? [] : seenOf(bytes, true);
    return [...seenOf(bytes, false), ...(whole.length === 0 ? parts : whole)];
  };
  return (bytes, place) => {
    const unpacked = gzipStreams(bytes).flatMap(within).map(({ canary }) => ({ canary, form: 'gzip' as const }));
    const found = [...within(bytes), ...unpacked].map((each) => ({ ...each, place }));
    return [...new Map(found.map((finding) => [JSON.stringify(finding), finding])).values()];
  };
}

function gzipStreams(bytes: Buffer): Buffer[] {
  const magic = Buffer.from([0x1f, 0x8b, 0x08]);
  const streams: Buffer[] = [];
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    try {
      streams.push(gunzipSync(bytes.subarray(at), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 * 1024 * 1024 }));
    } catch {
      // Three bytes that look like a stream and are none.
    }
  }
  return streams;
}
