import type { Comparison } from './expression.ts';

/**
 * The words of the plain form, English and Chinese, in one table: the same sentence may use either. A phrase of several
 * words is separated by blanks. Chinese needs no blanks between words, so its phrases are found by the longest match.
 */
export const phrases = {
  and: ['and', '且', '并且', '而且'],
  or: ['or', '或', '或者'],
  not: ['not', '非'],
  is: ['is', '是', '为'],
  isNot: ['is not', '不是', '不为'],
  atLeast: ['at least', '至少', '不低于', '不少于', '大于等于'],
  atMost: ['at most', '至多', '最多', '不超过', '不高于', '小于等于'],
  moreThan: ['more than', 'above', '超过', '高于', '大于'],
  lessThan: ['less than', 'below', '低于', '少于', '小于'],
  between: ['between', '介于'],
  betweenAnd: ['and', '和', '与', '至'],
  betweenEnd: ['之间'],
  upBy: ['up by'],
  downBy: ['down by'],
  since: ['since'],
  comparedWith: ['比'],
  higherBy: ['高', '上升', '升高'],
  lowerBy: ['低', '下降', '降低'],
  contains: ['contains', '包含'],
  before: ['before', '早于'],
  after: ['after', '晚于'],
  score: ['score', '得分'],
  tagged: ['tagged', '有标签'],
  notTagged: ['not tagged', '没有标签', '无标签'],
  itIs: ['it is', '今天是', '现在是', '今天 是', '现在 是'],
  itIsNot: ['it is not', '今天不是', '现在不是', '今天 不是', '现在 不是'],
  weekend: ['a weekend', 'the weekend', '周末'],
  businessDay: ['a business day', '工作日'],
  daysSince: ['days since', 'day since'],
  distance: ['距', '距离'],
  days: ['天'],
  exactly: ['exactly', '正好'],
  yes: ['yes', '是'],
  no: ['no', '否'],
  mon: ['monday', '周一', '星期一'],
  tue: ['tuesday', '周二', '星期二'],
  wed: ['wednesday', '周三', '星期三'],
  thu: ['thursday', '周四', '星期四'],
  fri: ['friday', '周五', '星期五'],
  sat: ['saturday', '周六', '星期六'],
  sun: ['sunday', '周日', '周天', '星期日', '星期天'],
} as const;

export type Phrase = keyof typeof phrases;

export const bounds = { atLeast: '>=', atMost: '<=', moreThan: '>', lessThan: '<' } as const satisfies Partial<Record<Phrase, Comparison>>;
export const boundPhrases = ['atLeast', 'atMost', 'moreThan', 'lessThan'] as const;

/** The forms of each phrase as words, the longest first, so that the first that stands is the one that is meant. */
export const formsOf: ReadonlyMap<string, readonly (readonly string[])[]> = new Map(Object.entries(phrases).map(([phrase, forms]) => [phrase, forms.map((form) => form.split(' ')).toSorted((a, b) => b.length - a.length)]));

/** Chinese words of the table, the longest first. */
export const chineseWords: readonly string[] = Object.values(phrases)
  .flatMap((forms) => forms.flatMap((form) => form.split(' ')))
  .filter((word) => /\p{Script=Han}/u.test(word))
  .toSorted((a, b) => b.length - a.length);

/** What may follow a name, as a suggestion for a mistyped word. */
export const predicates: readonly string[] = (['atLeast', 'atMost', 'moreThan', 'lessThan', 'is', 'isNot', 'between', 'upBy', 'downBy', 'contains', 'before', 'after'] as const).flatMap((phrase) => phrases[phrase]);
