import { languageOf } from '../../domain/codes.ts';
import type { Language } from '../../domain/codes.ts';
import { emergencyNumberIn } from '../../domain/contact/emergency-numbers.ts';
import { renderMessage } from '../../domain/contact/message.ts';
import type { SystemMessageId } from '../../domain/contact/variables.ts';
import type { InboundDeps } from './deps.ts';

/** Who is to read a text: in which language, and where, for the emergency number there. */
export interface Reader {
  language: string;
  zone: string;
}

/**
 * An approved text for each of these readers, as one message: whoever shares a phone may read different languages, and be in
 * different countries. Loading the content has made sure that it exists in all.
 */
export function approved(deps: InboundDeps, id: SystemMessageId, readers: readonly Reader[]): string {
  const { hospitalName: hospital, readHours } = deps.settings;
  const texts = readers.map(({ language: code, zone }) => {
    const language = languageOf(code);
    const rendered = renderMessage(deps.content.messages, { id, language, channel: 'sms' }, { hospital, emergencyNumber: emergencyNumberIn(zone, deps.settings.emergencyNumber), readHours });
    if ('missing' in rendered) throw new Error(`The message ${id} has no approved text in ${language}.`);
    return rendered.text;
  });
  return [...new Set(texts)].join('\n');
}

interface StaffWords {
  taken: (code: string) => string;
  takenBefore: (code: string) => string;
  unknownCode: (code: string) => string;
  heardTaken: string;
  heardTakenBefore: string;
  notOnTheList: string;
  goodbye: string;
}

/** What a staff member reads or hears back, in their language. Codes only: a pager may be read over a shoulder. */
export const staffWords: Readonly<Record<Language, StaffWords>> = {
  en: {
    taken: (code) => `Alert ${code} is yours. Close it in the console once the patient is reached, or paging goes on.`,
    takenBefore: (code) => `Alert ${code} was taken before.`,
    unknownCode: (code) => `No alert ${code} is open.`,
    heardTaken: 'Thank you. The alert is yours. Goodbye.',
    heardTakenBefore: 'This alert was taken before. Goodbye.',
    notOnTheList: 'This number is not on the staff list, so the alert stays open. Goodbye.',
    goodbye: 'Goodbye.',
  },
  zh: {
    taken: (code) => `警报${code}已由您接手。联系到患者后请在控制台关闭，否则会继续呼叫。`,
    takenBefore: (code) => `警报${code}此前已有人接手。`,
    unknownCode: (code) => `没有编号为${code}的未处理警报。`,
    heardTaken: '谢谢，该警报已由您接手。再见。',
    heardTakenBefore: '该警报此前已有人接手。再见。',
    notOnTheList: '此号码不在工作人员名单上，警报仍未处理。再见。',
    goodbye: '再见。',
  },
};
