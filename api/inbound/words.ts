import type { Language } from '../../domain/codes.ts';
import { renderMessage } from '../../domain/contact/message.ts';
import type { SystemMessageId } from '../../domain/contact/variables.ts';
import type { InboundDeps } from './deps.ts';

export function languageOf(code: string): Language {
  return code === 'zh' ? 'zh' : 'en';
}

/**
 * An approved text in each of these languages, as one message: whoever shares a phone may read different ones. Loading the
 * content has made sure that it exists in all.
 */
export function approved(deps: InboundDeps, id: SystemMessageId, languages: Iterable<Language>): string {
  const { hospitalName: hospital, emergencyNumber, readHours } = deps.settings;
  const texts = [...new Set(languages)].map((language) => {
    const rendered = renderMessage(deps.content.messages, { id, language, channel: 'sms' }, { hospital, emergencyNumber, readHours });
    if ('missing' in rendered) throw new Error(`The message ${id} has no approved text in ${language}.`);
    return rendered.text;
  });
  return texts.join('\n');
}

/** What a staff member hears back. Codes only: a pager may be read over a shoulder. */
export const staffAnswers = {
  taken: (code: string): string => `Alert ${code} is yours. Close it in the console once the patient is reached, or paging goes on.`,
  takenBefore: (code: string): string => `Alert ${code} was taken before.`,
  unknownCode: (code: string): string => `No alert ${code} is open.`,
} as const;
