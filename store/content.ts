import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { languages } from '../domain/codes.ts';
import { parseAdvice } from '../domain/contact/advice.ts';
import { parseMessage } from '../domain/contact/content.ts';
import type { MessageTemplates } from '../domain/contact/message.ts';
import { systemMessages } from '../domain/contact/variables.ts';
import type { Catalogue } from '../domain/plan/check.ts';
import { parseInstruction } from '../domain/plan/instructions.ts';
import type { Instruction, Instructions } from '../domain/plan/instructions.ts';
import type { Plan } from '../domain/plan/format.ts';
import type { PlanFault } from '../domain/plan/parse.ts';
import { validatePlan } from '../domain/plan/validate.ts';
import type { Questionnaire } from '../domain/questionnaire/format.ts';
import { parseQuestionnaire } from '../domain/questionnaire/parse.ts';

/** Everything under `templates/`, parsed and checked, by id. Records have no prototype, so that an id finds only what was loaded. */
export interface Content extends Catalogue {
  questionnaires: Readonly<Record<string, Questionnaire>>;
  messages: Readonly<Record<string, MessageTemplates>>;
  advice: Readonly<Record<string, MessageTemplates>>;
  instructions: Instructions;
  plans: Readonly<Record<string, Plan>>;
}

export interface ContentFault extends PlanFault {
  /** Relative to the directory that was loaded. */
  file: string;
}

/** Thrown when content cannot be used. Its message lists every fault of every file. */
export class ContentError extends Error {
  override readonly name = 'ContentError';
  readonly code = 'bad-content';
  readonly faults: readonly ContentFault[];

  constructor(faults: readonly ContentFault[]) {
    super(`Correct the content before starting:\n${faults.map(faultText).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Reads plans, questionnaires, messages, advice and instructions once, at the start of a process, and refuses the whole with all faults: a
 * process that runs with half of its content would send half of its messages.
 *
 * @throws ContentError
 */
export function loadContent(dir: string): Content {
  const faults: ContentFault[] = [];
  const questionnaires: Record<string, Questionnaire> = emptyRecord();
  const messages: Record<string, MessageTemplates> = emptyRecord();
  const advice: Record<string, MessageTemplates> = emptyRecord();
  const instructions: Record<string, Instruction> = emptyRecord();
  const plans: Record<string, Plan> = emptyRecord();
  for (const { file, id, text } of filesIn(dir, 'questionnaires', faults)) {
    const parsed = parseQuestionnaire(text);
    if (parsed.ok) add(questionnaires, file, id, parsed.questionnaire.id, parsed.questionnaire, faults);
    else faults.push(...parsed.faults.map((fault) => ({ file, ...fault })));
  }
  for (const { file, id, text } of filesIn(dir, 'messages', faults)) {
    const parsed = parseMessage(text);
    if (parsed.ok) add(messages, file, id, parsed.message.id, { en: parsed.message.en, zh: parsed.message.zh }, faults);
    else faults.push(...parsed.faults.map((fault) => ({ file, ...fault })));
  }
  faults.push(...missingSystemMessages(messages));
  for (const { file, id, text } of filesIn(dir, 'advice', faults)) {
    const parsed = parseAdvice(text);
    if (parsed.ok) add(advice, file, id, parsed.id, parsed.texts, faults);
    else faults.push(...parsed.faults.map((fault) => ({ file, ...fault })));
  }
  // Whoever had content of their own before there were instructions has no such folder.
  for (const { file, id, text } of existsSync(join(dir, 'instructions')) ? filesIn(dir, 'instructions', faults) : []) {
    const parsed = parseInstruction(text);
    if (parsed.ok) add(instructions, file, id, parsed.id, parsed.instruction, faults);
    else faults.push(...parsed.faults.map((fault) => ({ file, ...fault })));
  }
  for (const { file, id, text } of filesIn(dir, 'plans', faults)) {
    const parsed = validatePlan(text, { questionnaires, messages, advice });
    if (parsed.ok) add(plans, file, id, parsed.plan.id, parsed.plan, faults);
    else faults.push(...parsed.faults.map((fault) => ({ file, ...fault })));
  }
  if (faults.length > 0) throw new ContentError(faults);
  return { questionnaires, messages, advice, instructions, plans };
}

function missingSystemMessages(messages: Readonly<Record<string, MessageTemplates>>): ContentFault[] {
  return Object.entries(systemMessages).flatMap(([id, { channels }]) =>
    languages.flatMap((language) =>
      channels
        .filter((channel) => messages[id]?.[language]?.[channel] === undefined)
        .map((channel) => ({ file: `messages/${id}.yaml`, path: `${language}.${channel}`, message: 'Write this text: the engine sends this message itself, and it has no plan to leave it out.' })),
    ),
  );
}

function add<Value>(into: Record<string, Value>, file: string, expectedId: string, id: string, value: Value, faults: ContentFault[]): void {
  if (id !== expectedId) faults.push({ file, path: 'id', message: `Name the file "${id}.yaml", or write the id "${expectedId}".` });
  else if (Object.hasOwn(into, id)) faults.push({ file, path: 'id', message: `Remove this file: "${id}" is defined already.` });
  else into[id] = value;
}

function filesIn(dir: string, folder: string, faults: ContentFault[]): { file: string; id: string; text: string }[] {
  const path = join(dir, folder);
  try {
    return readdirSync(path)
      .filter((name) => /\.(?:ya?ml|json)$/.test(name))
      .sort()
      .map((name) => ({ file: `${folder}/${name}`, id: basename(name).replace(/\.[^.]+$/, ''), text: readFileSync(join(path, name), 'utf8') }));
  } catch (error) {
    faults.push({ file: folder, path: '', message: `Make this folder readable (${error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'}).` });
    return [];
  }
}

function emptyRecord<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}

function faultText({ file, path, line, message }: ContentFault): string {
  return `  ${file}${line === undefined ? '' : `:${line}`}${path === '' ? '' : ` ${path}`}: ${message}`;
}
