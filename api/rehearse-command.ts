import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Plan } from '../domain/plan/format.ts';
import { shapeFaults } from '../domain/plan/shape-faults.ts';
import { validatePlan } from '../domain/plan/validate.ts';
import { examine } from '../domain/rehearsal/examine.ts';
import { assumptionFaults } from '../domain/rehearsal/assumption-faults.ts';
import { alongsideAtMost, alongsideSchema, assumptionsFor, assumptionsSchema } from '../domain/rehearsal/input.ts';
import type { WrittenAlongside } from '../domain/rehearsal/input.ts';
import type { Assumptions } from '../domain/rehearsal/types.ts';
import { tableOf } from '../domain/rehearsal/table.ts';
import { ContentError, loadContent } from '../store/content.ts';
import { forTerminal } from './terminal.ts';

const usage = `Usage: npm run rehearse -- PLAN.yaml [--patient patient.json] [--replies replies.json] [--anchors anchors.json] [--outside events.json] [--staff staff.json]
         [--from 2026-05-01T00:00:00Z] [--until P60D] [--content FOLDER] [--language en|zh] [--json]
         [--with OTHER.yaml[:assumed.json]]...
Plays a plan against assumed replies and prints what would happen when, and the trouble in it;
with the patient's other plans, where they are named. Messages,
questionnaires and advice are those of templates/, or of another FOLDER that holds them all. See docs/rehearsal.md.
`;
const templates = fileURLToPath(new URL('../templates', import.meta.url));
/** What messages say of a hospital, where none is set up. */
const hospital = { hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };

/** Thrown for what the caller has to correct; its message is all that is printed. */
class Refusal extends Error {}

/** What the command says when it is given these words, and its exit code: 0, or 1 with what the caller has to correct. */
export function rehearseCommand(given: readonly string[]): { code: 0 | 1; out: string; error: string } {
  try {
    return { code: 0, out: forTerminal(rehearseFile(given)), error: '' };
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof ContentError)) throw error;
    return { code: 1, out: '', error: forTerminal(`${error.message.trimEnd()}\n`) };
  }
}

function rehearseFile(given: readonly string[]): string {
  const { file, values } = readArguments(given);
  if (file === null) return usage;
  const content = loadContent(values.content ?? templates);
  const plan = readPlan(file, content);
  const assumed = {
    ...readPart('patient', values.patient), ...readPart('replies', values.replies), ...readPart('anchors', values.anchors), ...readPart('outside', values.outside), ...readPart('staff', values.staff),
    ...(values.from === undefined ? {} : { from: values.from }), ...(values.until === undefined ? {} : { until: values.until }),
  };
  const written = assumptionsSchema.safeParse(assumed);
  if (!written.success) throw refusalOf(shapeFaults(written.error, assumed, () => undefined));
  const alongside = values.with.map((named, index) => readAlongside(named, index, content));
  const faults = assumptionFaults(plan, content.questionnaires, written.data, alongside);
  if (faults.length > 0) throw refusalOf(faults.map(({ path, message }) => ({ path: path.join('.'), message })));
  const assumptions = assumptionsFor(plan, written.data, alongside);
  const rehearsal = examine(plan, { ...content, ...hospital }, assumptions);
  const { entries: timeline, findings, status, endReason } = rehearsal;
  const others = rehearsal.alongside.map((other) => ({ planId: other.planId, status: other.status, endReason: other.endReason }));
  return values.json ? `${JSON.stringify({ timeline, findings, status, endReason, alongside: others }, null, 2)}\n` : `${assumedLine(assumptions, values.language === 'zh')}\n${tableOf(rehearsal, values.language === 'zh' ? 'zh' : 'en')}`;
}

type Content = ReturnType<typeof loadContent>;

function readPlan(file: string, content: Content): Plan {
  const parsed = validatePlan(readText(file), content);
  if (!parsed.ok) throw new Refusal(['Correct the plan:', ...parsed.faults.map(({ path, line, message }) => `  ${file}${line === undefined ? '' : `:${line}`}${path === '' ? '' : ` ${path}`}: ${message}`)].join('\n'));
  return parsed.plan;
}

/** Another plan, and behind a colon the file of what is assumed of it. */
function readAlongside(named: string, index: number, content: Content): WrittenAlongside {
  const { plan = named, assumed } = /^(?<plan>.+\.(?:ya?ml|json)):(?<assumed>.+)$/i.exec(named)?.groups ?? {};
  const given = assumed === undefined ? {} : readJson(assumed);
  const written = alongsideSchema.safeParse(given);
  if (!written.success) throw refusalOf(shapeFaults(written.error, given, () => undefined).map(({ path, message }) => ({ path: `alongside.${index}.${path}`, message })));
  return { plan: readPlan(plan, content), written: written.data };
}

function refusalOf(faults: readonly { path: string; message: string }[]): Refusal {
  return new Refusal(['Correct what the rehearsal assumes:', ...faults.map(({ path, message }) => `  ${path}: ${message}`)].join('\n'));
}

/** What the days of the table are counted from, since most of it may be left to the rehearsal. */
function assumedLine({ anchors, patient }: Assumptions, isChinese: boolean): string {
  const known = Object.entries(anchors).map(([anchor, value]) => `${anchor} ${value}`);
  return isChinese ? `锚点：${known.join('，') || '无'}。时区：${patient.zone}。` : `Anchors: ${known.join(', ') || 'none'}. Zone: ${patient.zone}.`;
}

function readArguments(given: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...given],
      allowPositionals: true,
      options: { with: { ...text, multiple: true, default: [] }, patient: text, replies: text, anchors: text, outside: text, staff: text, from: text, until: text, content: text, language: text, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    });
    if (values.help) return { file: null, values };
    const [file, ...others] = positionals;
    if (file === undefined || others.length > 0 || !['en', 'zh', undefined].includes(values.language)) throw new Refusal(usage);
    if (values.with.length > alongsideAtMost) throw new Refusal(`Name ${alongsideAtMost} other plans at most.\n${usage}`);
    return { file, values };
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(`${error instanceof Error ? (/^[^.]+\./.exec(error.message)?.[0] ?? error.message) : ''}\n${usage}`);
  }
}

/** A file of one part of the assumptions, such as the patient. */
function readPart(part: string, file: string | undefined): Record<string, unknown> {
  return file === undefined ? {} : { [part]: readJson(file) };
}

function readJson(file: string): Record<string, unknown> | unknown[] {
  try {
    const value: unknown = JSON.parse(readText(file));
    return z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]).parse(value);
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(`Write ${file} as JSON.`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Refusal(`Make ${file} readable, or name another file.`);
  }
}
