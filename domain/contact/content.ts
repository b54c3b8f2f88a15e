import { z } from 'zod';
import type { PlanFault } from '../plan/document.ts';
import { faultAt, readDocument } from '../plan/document.ts';
import { shapeFaults } from '../plan/shape-faults.ts';
import { inspectTemplate } from './template.ts';

const smsText = z.string().min(1).max(1600);
const texts = z.strictObject({
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
  en: texts.optional(),
  zh: texts.optional(),
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
  const faults = everyText(parsed.data).flatMap(({ path, text: template, namesHospital }) => {
    const { variables, faults: sentences } = inspectTemplate(template);
    const wrong = variables.filter((name) => forbidden[parsed.data.audience].some((other) => other === name));
    return [
      ...sentences,
      ...wrong.map((name) => `Remove {{ ${name} }}: a message to ${parsed.data.audience === 'staff' ? 'staff' : 'a patient'} must not carry it.`),
      ...(namesHospital && parsed.data.audience === 'patient' && sentences.length === 0 && !variables.includes('hospital') ? ['Name the sender: write {{ hospital }} in the text.'] : []),
    ].map((sentence) => faultAt(path, sentence, document.lineOf));
  });
  if (parsed.data.en === undefined && parsed.data.zh === undefined) faults.push({ path: '', message: 'Write the message in at least one language: en or zh.' });
  return faults.length === 0 ? { ok: true, message: parsed.data } : { ok: false, faults };
}

function everyText(message: MessageFile): { path: string[]; text: string; namesHospital: boolean }[] {
  return (['en', 'zh'] as const).flatMap((language) => {
    const { sms, email, voice } = message[language] ?? {};
    return [
      ...(sms === undefined ? [] : [{ path: [language, 'sms'], text: sms, namesHospital: true }]),
      ...(email === undefined ? [] : [{ path: [language, 'email', 'subject'], text: email.subject, namesHospital: false }, { path: [language, 'email', 'text'], text: email.text, namesHospital: true }]),
      ...(voice === undefined ? [] : [{ path: [language, 'voice'], text: voice, namesHospital: true }]),
    ];
  });
}
