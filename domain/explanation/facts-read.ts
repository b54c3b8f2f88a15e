import type { Language } from '../codes.ts';
import { given } from '../conditions/decide.ts';
import { whatIsAsked } from '../conditions/describe.ts';
import { namedIn } from '../conditions/evaluate.ts';
import type { Name } from '../conditions/names.ts';
import type { Scope, Values } from '../conditions/scope.ts';
import { worded } from '../words.ts';
import type { Words } from '../words.ts';

/** Something that a decision asked for, and what it was; `value` null: not known. */
export interface FactRead {
  /** As CEL writes it, such as `answers.pain`. */
  path: string;
  name: Words;
  value: Words | null;
}

/** What a condition names, with the titles of questions and facts, and their values in words. */
export function factsRead(condition: string, scope: Scope, values: Values): FactRead[] {
  return namedIn(condition, scope).map((name) => {
    const value = given(name, values);
    return { path: name.path, name: worded((language) => nameIn(name, language)), value: value === undefined ? null : worded((language) => valueIn(name, value, language)) };
  });
}

function nameIn({ title, question, ofTitle, id }: Name, language: Language): string {
  const asked = question?.[language] ?? question?.en;
  const own = title?.[language] ?? title?.en ?? (asked === undefined ? id : whatIsAsked(asked));
  return ofTitle === null ? own : `${ofTitle[language] ?? ofTitle.en}${{ en: ': ', zh: '：' }[language]}${own}`;
}

function valueIn({ kind }: Name, value: string | number | boolean, language: Language): string {
  switch (kind.kind) {
    case 'number':
      return kind.unit === '' ? String(value) : `${String(value)} ${kind.unit}`;
    case 'choice': {
      const title = kind.options.find(({ code }) => code === value)?.title;
      return title?.[language] ?? title?.en ?? String(value);
    }
    case 'yes-no':
      return { en: value === true ? 'yes' : 'no', zh: value === true ? '是' : '否' }[language];
    case 'text':
    case 'date':
    case 'time':
      return String(value);
  }
}
