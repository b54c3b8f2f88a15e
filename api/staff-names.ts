import type { Words } from '../domain/words.ts';
import { worded } from '../domain/words.ts';
import type { Gate } from '../store/gate.ts';

const mention = /person\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/g;
const somebody: Words = { en: 'a staff member', zh: '一名工作人员' };

/** Writes names where sentences have `person/<id>`: of whoever has none that the reader may see, that it was one of the staff. */
export async function staffNamed(gate: Pick<Gate, 'staffNames'>, token: string, sentences: readonly Words[]): Promise<(sentence: Words) => Words> {
  const ids = new Set(sentences.flatMap(({ en }) => [...en.matchAll(mention)].flatMap(([, id]) => id ?? [])));
  const names = ids.size === 0 ? new Map<string, string>() : await gate.staffNames(token, [...ids]);
  return (sentence) => worded((language) => sentence[language].replaceAll(mention, (_mention, id: string) => names.get(id) ?? somebody[language]));
}
