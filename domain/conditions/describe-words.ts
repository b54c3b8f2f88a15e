import type { Language } from '../codes.ts';
import type { Arithmetic, Comparison, TextTest } from './expression.ts';

/** How a language says what conditions say. Subjects and values are ready words. */
export interface Wording {
  and: string;
  or: string;
  group: (inner: string) => string;
  not: (inner: string) => string;
  quote: (inner: string) => string;
  yes: string;
  no: string;
  answerTo: (question: string) => string;
  score: (title: string) => string;
  during: (step: string, subject: string) => string;
  tagged: (tag: string, isTagged: boolean) => string;
  missed: (step: string) => string;
  known: (anchor: string, isKnown: boolean) => string;
  compare: Record<Comparison, (subject: string, value: string) => string>;
  between: (subject: string, low: string, high: string) => string;
  change: (subject: string, step: string, isUp: boolean, amount: string) => string;
  today: (days: string, isSo: boolean) => string;
  weekend: string;
  businessDay: string;
  month: string;
  date: Record<'<' | '<=' | '>' | '>=', (subject: string, date: string) => string>;
  clock: Record<Comparison, (time: string) => string>;
  daysSince: Record<Comparison, (count: string, anchor: string) => string>;
  daysSinceNumber: (anchor: string) => string;
  time: string;
  arithmetic: Record<Arithmetic, (left: string, right: string) => string>;
  text: Record<TextTest, (subject: string, part: string) => string>;
  choose: (condition: string, then: string, otherwise: string) => string;
}

const english: Wording = {
  and: ' and ',
  or: ' or ',
  group: (inner) => `(${inner})`,
  not: (inner) => `not (${inner})`,
  quote: (inner) => `“${inner}”`,
  yes: 'yes',
  no: 'no',
  answerTo: (question) => `the answer to “${question}”`,
  score: (title) => `the ${title} score`,
  during: (step, subject) => `${subject} in “${step}”`,
  missed: (step) => `the number of times in a row that “${step}” went unanswered`,
  known: (anchor, isKnown) => `${anchor} is ${isKnown ? '' : 'not '}known`,
  tagged: (tag, isTagged) => `the patient is ${isTagged ? '' : 'not '}tagged “${tag}”`,
  compare: {
    '==': (subject, value) => `${subject} is ${value}`,
    '!=': (subject, value) => `${subject} is not ${value}`,
    '<': (subject, value) => `${subject} is below ${value}`,
    '<=': (subject, value) => `${subject} is at most ${value}`,
    '>': (subject, value) => `${subject} is more than ${value}`,
    '>=': (subject, value) => `${subject} is at least ${value}`,
  },
  between: (subject, low, high) => `${subject} is between ${low} and ${high}`,
  change: (subject, step, isUp, amount) => `${subject} is ${isUp ? 'up' : 'down'} by at least ${amount} since “${step}”`,
  today: (days, isSo) => `it is ${isSo ? '' : 'not '}${days}`,
  weekend: 'a weekend',
  businessDay: 'a business day',
  month: 'the month',
  date: {
    '<': (subject, date) => `${subject} is before ${date}`,
    '<=': (subject, date) => `${subject} is no later than ${date}`,
    '>': (subject, date) => `${subject} is after ${date}`,
    '>=': (subject, date) => `${subject} is no earlier than ${date}`,
  },
  clock: {
    '==': (time) => `it is ${time}`,
    '!=': (time) => `it is not ${time}`,
    '<': (time) => `it is before ${time}`,
    '<=': (time) => `it is no later than ${time}`,
    '>': (time) => `it is after ${time}`,
    '>=': (time) => `it is no earlier than ${time}`,
  },
  daysSince: {
    '==': (count, anchor) => `it is exactly ${count} days since ${anchor}`,
    '!=': (count, anchor) => `it is not ${count} days since ${anchor}`,
    '<': (count, anchor) => `it is less than ${count} days since ${anchor}`,
    '<=': (count, anchor) => `it is at most ${count} days since ${anchor}`,
    '>': (count, anchor) => `it is more than ${count} days since ${anchor}`,
    '>=': (count, anchor) => `it is at least ${count} days since ${anchor}`,
  },
  daysSinceNumber: (anchor) => `the days since ${anchor}`,
  time: 'the time',
  arithmetic: {
    '+': (left, right) => `${left} plus ${right}`,
    '-': (left, right) => `${left} minus ${right}`,
    '*': (left, right) => `${left} times ${right}`,
    '/': (left, right) => `${left} divided by ${right}`,
  },
  text: {
    contains: (subject, part) => `${subject} contains ${part}`,
    startsWith: (subject, part) => `${subject} begins with ${part}`,
    endsWith: (subject, part) => `${subject} ends with ${part}`,
  },
  choose: (condition, then, otherwise) => `if ${condition}, then ${then}, otherwise ${otherwise}`,
};

const chinese: Wording = {
  and: '，且',
  or: '，或',
  group: (inner) => `（${inner}）`,
  not: (inner) => `并非（${inner}）`,
  quote: (inner) => `“${inner}”`,
  yes: '是',
  no: '否',
  answerTo: (question) => `“${question}”的回答`,
  score: (title) => `${title}得分`,
  during: (step, subject) => `“${step}”时${subject}`,
  missed: (step) => `“${step}”连续未作答的次数`,
  known: (anchor, isKnown) => `${anchor}${isKnown ? '已知' : '未知'}`,
  tagged: (tag, isTagged) => `患者${isTagged ? '带有' : '没有'}标签“${tag}”`,
  compare: {
    '==': (subject, value) => `${subject}为${value}`,
    '!=': (subject, value) => `${subject}不为${value}`,
    '<': (subject, value) => `${subject}低于${value}`,
    '<=': (subject, value) => `${subject}至多为${value}`,
    '>': (subject, value) => `${subject}高于${value}`,
    '>=': (subject, value) => `${subject}至少为${value}`,
  },
  between: (subject, low, high) => `${subject}在${low}到${high}之间`,
  change: (subject, step, isUp, amount) => `${subject}比“${step}”时至少${isUp ? '升高' : '降低'}${amount}`,
  today: (days, isSo) => `今天${isSo ? '' : '不'}是${days}`,
  weekend: '周末',
  businessDay: '工作日',
  month: '月份',
  date: {
    '<': (subject, date) => `${subject}早于${date}`,
    '<=': (subject, date) => `${subject}不晚于${date}`,
    '>': (subject, date) => `${subject}晚于${date}`,
    '>=': (subject, date) => `${subject}不早于${date}`,
  },
  clock: {
    '==': (time) => `现在是${time}`,
    '!=': (time) => `现在不是${time}`,
    '<': (time) => `现在早于${time}`,
    '<=': (time) => `现在不晚于${time}`,
    '>': (time) => `现在晚于${time}`,
    '>=': (time) => `现在不早于${time}`,
  },
  daysSince: {
    '==': (count, anchor) => `距${anchor}正好${count}天`,
    '!=': (count, anchor) => `距${anchor}不是${count}天`,
    '<': (count, anchor) => `距${anchor}不到${count}天`,
    '<=': (count, anchor) => `距${anchor}至多${count}天`,
    '>': (count, anchor) => `距${anchor}超过${count}天`,
    '>=': (count, anchor) => `距${anchor}至少${count}天`,
  },
  daysSinceNumber: (anchor) => `距${anchor}的天数`,
  time: '时间',
  arithmetic: {
    '+': (left, right) => `${left}加${right}`,
    '-': (left, right) => `${left}减${right}`,
    '*': (left, right) => `${left}乘以${right}`,
    '/': (left, right) => `${left}除以${right}`,
  },
  text: {
    contains: (subject, part) => `${subject}包含${part}`,
    startsWith: (subject, part) => `${subject}以${part}开头`,
    endsWith: (subject, part) => `${subject}以${part}结尾`,
  },
  choose: (condition, then, otherwise) => `若${condition}，则${then}，否则${otherwise}`,
};

export const wordings: Record<Language, Wording> = { en: english, zh: chinese };
