import { normaliseMessage } from './normalise.ts';

const set = (words: readonly string[]): ReadonlySet<string> => new Set(words.map(normaliseMessage));

/**
 * Words that opt out when they are the whole message. English: the revocation words of the US rule (47 CFR 64.1200(a)(10)) and of
 * the carriers. Chinese: what mainland messages ask for ("退订回T", "拒收请回复R"). "yes", "no" and digits are answers, never here.
 */
export const optOutWords = set(['stop', 'stop all', 'stopall', 'quit', 'end', 'revoke', 'opt out', 'opt-out', 'optout', 'cancel', 'unsubscribe', 'td', 't', 'r', 'tui ding', 'tuiding', '退订', '退訂', '退定', '取消', '取消订阅', '取消訂閱', '拒收', '停止', '回复td', '回复t', '停止发送', '不要再发', '不要再发了', '别再发了', '別再發了']);

/** "yes" is left out, unlike in a provider's own list: here it is an answer far more often than a wish to return. */
export const optInWords = set(['start', 'unstop', 'resume', 'subscribe', '恢复', '恢復', '重新订阅', '订阅', '訂閱', '开始', '開始']);

export const helpWords = set(['help', 'info', '帮助', '幫助', '帮忙', '信息']);

/** Leave a question out that may be left out, in either language; on a keypad the star key does. */
export const skipWords = set(['skip', '跳过', '跳過']);

/** Words that show that a longer message may be about opting out: a human reads it. */
export const optOutTokens = ['stop', 'stopall', 'unsubscribe', 'unsubscribed', 'optout', 'revoke', 'revoked', 'quit'] as const;
export const optOutPhrases = ['opt out', 'opting out', 'opted out', 'leave me alone', 'remove me', 'remove my number', 'take me off', 'stop texting', 'stop messaging', 'stop calling', 'do not text', 'dont text', 'do not message', 'dont message', 'do not contact', 'dont contact', 'do not call', 'dont call', 'no more messages', 'no more texts'].map(normaliseMessage);
export const optOutChinese = ['退订', '退訂', '取消订阅', '取消訂閱', '拒收', '不要再发', '不要發', '不要发', '别发', '別發', '别再发', '別再發', '停止发送', '停止發送', '停发', '不要再打', '别再打', '不要联系', '别联系', '不想收到'] as const;
