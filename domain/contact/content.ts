import { z } from 'zod';
import type { FaultPath, PlanFault } from '../plan/document.ts';
import { faultAt, readDocument } from '../plan/document.ts';
import { shapeFaults } from '../plan/shape-faults.ts';
import { inspectTemplate } from './template.ts';

const smsText = z.string().min(1).max(1600);
/** The texts of one language, by channel. */
export const messageTexts = z.strictObject({
  sms: smsText.optional(),
  email: z.strictObject({ subject: z.string().min(1).max(200), text: z.string().min(1).max(20_000) }).optional(),
  voice: z.string().min(1).max(1500).optional(),
});

/** A message file, `templates/messages/<id>.yaml`: LiquidJS texts by language and channel. */
export const messageFileSchema = z.strictObject({
  format: z.literal('carethread.message/1'),
  id: z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Use lower-case letters, digits and hyphens, beginning with a letter.'),
  version: z.int().min(1),
  /** Who reads it. Staff messages carry no patient's name; patient messages carry no escalation code. */
  audience: z.enum(['patient', 'staff']),
  en: messageTexts.optional(),
  zh: messageTexts.optional(),
});

export type MessageFile = z.infer<typeof messageFileSchema>;

export type ParsedMessage = { ok: true; message: MessageFile } | { ok: false; faults: PlanFault[] };

const forbidden = { patient: ['code'], staff: ['name', 'question'] } as const;

/** Reads a message file, and reports all its faults at once: shape, templates, and what each audience may be told. */
export function parseMessage(text: string): ParsedMessage {
  const document = readDocument(text);
  if (!document.ok) return document;
  const parsed = messageFileSchema.safeParse(document.value);
  if (!parsed.success) return { ok: false, faults: shapeFaults(parsed.error, document.value, document.lineOf) };
  const faults = textFaults(parsed.data, document.lineOf);
  return faults.length === 0 ? { ok: true, message: parsed.data } : { ok: false, faults };
}

type Written = Pick<MessageFile, 'audience' | 'en' | 'zh'>;

/** What is wrong with texts for this audience: templates, names that it must not be told, a sender who is not named. */
export function textFaults(written: Written, lineOf: (path: FaultPath) => number | undefined): PlanFault[] {
  const faults = everyText(written).flatMap(({ path, text: template, namesHospital }) => {
    const { variables, faults: sentences } = inspectTemplate(template);
    const wrong = variables.filter((name) => forbidden[written.audience].some((other) => other === name));
    return [
      ...sentences,
      ...wrong.map((name) => `Remove {{ ${name} }}: a message to ${written.audience === 'staff' ? 'staff' : 'a patient'} must not carry it.`),
      ...(namesHospital && written.audience === 'patient' && sentences.length === 0 && !variables.includes('hospital') ? ['Name the sender: write {{ hospital }} in the text.'] : []),
    ].map((sentence) => faultAt(path, sentence, lineOf));
  });
  if (written.en === undefined && written.zh === undefined) faults.push({ path: '', message: 'Write the message in at least one language: en or zh.' });
  return faults;
}

function everyText(message: Written): { path: string[]; text: string; namesHospital: boolean }[] {
  return (['en', 'zh'] as const).flatMap((language) => {
    const { sms, email, voice } = message[language] ?? {};
    return [
      ...(sms === undefined ? [] : [{ path: [language, 'sms'], text: sms, namesHospital: true }]),
      ...(email === undefined ? [] : [{ path: [language, 'email', 'subject'], text: email.subject, namesHospital: false }, { path: [language, 'email', 'text'], text: email.text, namesHospital: true }]),
      ...(voice === undefined ? [] : [{ path: [language, 'voice'], text: voice, namesHospital: true }]),
    ];
  });
}
