import type { Channel, Language } from '../codes.ts';
import { languages } from '../codes.ts';
import { conditionFaults } from '../conditions/evaluate.ts';
import type { Fact } from '../conditions/facts.ts';
import { celName } from '../conditions/names.ts';
import type { Scope } from '../conditions/scope.ts';
import type { MessageTemplates } from '../contact/message.ts';
import { systemMessages } from '../contact/variables.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import { durationMs } from '../time/durations.ts';
import { channelsByKind } from './channels.ts';
import { checkLadderHours, checkRules, needLadder } from './check-rules.ts';
import { checkBusinessHours, checkTiming, checkWait } from './check-timing.ts';
import type { FaultPath, PlanFault } from './document.ts';
import { faultAt, moreFaults, mostFaults } from './document.ts';
import type { BusinessHours, Ladder, Plan, Reply, Rule, Step } from './format.ts';
import type { Instructions } from './instructions.ts';
import { scopeOf } from './scope.ts';
import { checkRotas } from './staffing.ts';
import type { Staffing } from './staffing.ts';

/** What a plan may refer to. */
export interface Catalogue {
  questionnaires: Readonly<Record<string, Questionnaire>>;
  messages: Readonly<Record<string, MessageTemplates>>;
  /** Approved advice; a language without approval is not in it. */
  advice: Readonly<Record<string, MessageTemplates>>;
  /** What tells staff what to do, by code; left out where it is not looked at. */
  instructions?: Instructions;
  /** Whose rotas it may name; left out where no staff is known, as beside a file: then they are not looked at. */
  staffing?: Staffing;
}

/** The parts of a plan that have the right shape; a part that has not is left out, and so is every rule that needs it. */
export interface PlanParts {
  department: string | null;
  /** Anchor to its kind; an anchor whose own content is wrong has none. */
  anchors: Readonly<Record<string, 'date' | 'instant' | 'appointment' | null>> | null;
  anchorTitles: Plan['anchors'] | null;
  facts: Readonly<Record<string, Fact>> | null;
  lookBack: NonNullable<Plan['lookBack']> | null;
  tags: readonly string[] | null;
  ruleSets: Readonly<Record<string, readonly Rule[]>> | null;
  channels: readonly Channel[] | null;
  contactHours: Plan['contactHours'] | null;
  businessHours: BusinessHours | null;
  steps: readonly { index: number; step: Step }[];
  /** Ids of steps that have not the right shape, as far as they have one. */
  misshapen: readonly string[];
  ladders: { red?: Ladder | undefined; amber?: Ladder | undefined } | null;
}

export type Report = (path: FaultPath, message: string) => void;

/** The faults that span fields, of a plan that has the right shape: all at once, empty when it may be published. */
export function checkPlan(plan: Plan, content: Catalogue): PlanFault[] {
  return checkParts(partsOf(plan), content, () => undefined);
}

function partsOf({ department, anchors, facts, tags, lookBack, ruleSets, channels, contactHours, businessHours, steps, ladders }: Plan): PlanParts {
  const kinds = Object.fromEntries(Object.entries(anchors).map(([name, { kind }]) => [name, kind]));
  return { department, anchors: kinds, anchorTitles: anchors, facts: facts ?? {}, tags: tags ?? [], lookBack: lookBack ?? {}, ruleSets: ruleSets ?? {}, channels, contactHours, businessHours: businessHours ?? null, steps: steps.map((step, index) => ({ index, step })), misshapen: [], ladders };
}

/** As `checkPlan`, for whatever parts could be read, with lines. */
export function checkParts(parts: PlanParts, content: Catalogue, lineOf: (path: FaultPath) => number | undefined): PlanFault[] {
  const faults: PlanFault[] = [];
  const report: Report = (path, message) => {
    if (faults.length >= mostFaults) throw new EnoughFaults();
    faults.push(faultAt(path, message, lineOf));
  };
  try {
    checkEach(parts, content, report);
  } catch (error) {
    if (!(error instanceof EnoughFaults)) throw error;
    faults.push(moreFaults);
  }
  return faults;
}

/** Ends a check that has found as much as is told: to go on took a file of 140 KB, with a wrong name in each condition, over a minute. */
class EnoughFaults extends Error {
  override readonly name = 'EnoughFaults';
}

function checkEach(parts: PlanParts, content: Catalogue, report: Report): void {
  if (parts.contactHours !== null && parts.contactHours.from === parts.contactHours.to) report(['contactHours', 'to'], 'Make the contact hours end at another time than they begin.');
  if (parts.businessHours !== null) checkBusinessHours(parts.businessHours, ['businessHours'], report);
  checkLookBack(parts, report);
  const seen = new Set<string>();
  for (const { index, step } of parts.steps) {
    const path = ['steps', index];
    if (seen.has(step.id)) report([...path, 'id'], `Rename this step: another step is called "${step.id}" already.`);
    seen.add(step.id);
    checkTiming(step, path, parts, report);
    checkChannels(step, path, parts, report);
    checkContent(step, path, parts, content, report);
    if (step.kind === 'ask' || step.kind === 'measure') checkReply(step.reply, [...path, 'reply'], parts, report);
    if (step.kind === 'call') step.redial.forEach((wait, attempt) => checkWait(wait, [...path, 'redial', attempt], report));
    if (step.kind === 'ask' || step.kind === 'measure' || step.kind === 'call') checkRules(step, path, parts, report);
    if (parts.anchorTitles !== null && parts.facts !== null && parts.tags !== null) checkConditions(step, path, parts, content, report);
    if ((step.kind === 'task' || step.kind === 'review') && step.within !== undefined) checkWait(step.within, [...path, 'within'], report);
  }
  for (const level of ['red', 'amber'] as const) {
    const ladder = parts.ladders?.[level];
    if (ladder === undefined) continue;
    ladder.rungs.forEach((rung, rungIndex) => checkWait(rung.wait, ['ladders', level, 'rungs', rungIndex, 'wait'], report));
    checkWait(ladder.repeatTop, ['ladders', level, 'repeatTop'], report);
    checkWait(ladder.reachWithin, ['ladders', level, 'reachWithin'], report);
    checkLadderHours(level, ladder, ['ladders', level, 'hours'], parts, report);
  }
  if (content.staffing !== undefined) checkRotas(parts, content.staffing, report);
}

function checkLookBack(parts: PlanParts, report: Report): void {
  for (const [name, { step: stepId }] of Object.entries(parts.lookBack ?? {})) {
    const step = parts.steps.find((part) => part.step.id === stepId)?.step;
    if (step === undefined || !('rules' in step)) report(['lookBack', name, 'step'], `Name a step that asks something: there is none called "${stepId}".`);
    if (parts.steps.some((part) => celName(part.step.id) === celName(name))) report(['lookBack', name], `Rename this: a step is called "${name}" already, and conditions name both alike.`);
  }
}

function checkChannels(step: Step, path: FaultPath, parts: PlanParts, report: Report): void {
  const possible = channelsByKind[step.kind];
  if (possible.length === 0) {
    if (step.channels !== undefined) report([...path, 'channels'], `Remove the channels: a ${step.kind} is for staff and is sent to nobody.`);
    return;
  }
  step.channels?.forEach((channel, index) => {
    if (!possible.includes(channel)) report([...path, 'channels', index], `Remove "${channel}": a step of kind "${step.kind}" can use ${possible.join(', ')}.`);
    if (step.channels?.indexOf(channel) !== index) report([...path, 'channels', index], `Remove the second "${channel}".`);
  });
  if (step.channels === undefined && step.kind !== 'call' && parts.channels?.some((channel) => possible.includes(channel)) === false) {
    report([...path, 'channels'], `Give this step channels: the plan's own are none of ${possible.join(', ')}, which a step of kind "${step.kind}" can use.`);
  }
}

function checkContent(step: Step, path: FaultPath, parts: PlanParts, content: Catalogue, report: Report): void {
  switch (step.kind) {
    case 'ask':
    case 'call':
      if (!Object.hasOwn(content.questionnaires, step.questionnaire)) report([...path, 'questionnaire'], missingContent('questionnaire', step.questionnaire, content.questionnaires));
      return;
    case 'remind':
      checkText({ kind: 'message', id: step.message, from: content.messages }, step, path, parts, report);
      return;
    case 'advise':
      checkText({ kind: 'advice', id: step.advice, from: content.advice }, step, path, parts, report);
      return;
    case 'measure':
      step.readings.forEach((reading, index) => {
        if (reading.min >= reading.max) report([...path, 'readings', index, 'max'], 'Make the greatest plausible reading greater than the least.');
        if (step.readings.findIndex((other) => other.id === reading.id) !== index) report([...path, 'readings', index, 'id'], `Rename this reading: another is called "${reading.id}" already.`);
      });
      return;
    case 'task':
    case 'review':
  }
}

/** Names the file to write, because content is written apart from the plan. What the engine sends by itself is nothing to choose from. */
function missingContent(kind: 'questionnaire' | 'message' | 'advice', id: string, known: Readonly<Record<string, unknown>>): string {
  const [what, folder] = { questionnaire: ['a questionnaire', 'questionnaires'], message: ['a message', 'messages'], advice: ['approved advice', 'advice'] }[kind];
  const others = Object.keys(known).filter((name) => kind !== 'message' || !Object.hasOwn(systemMessages, name));
  return `Add ${what} "${id}" (the file ${folder}/${id}.yaml beside the others), or use one of: ${others.join(', ')}.`;
}

function checkText(text: { kind: 'message' | 'advice'; id: string; from: Readonly<Record<string, MessageTemplates>> }, step: Step, path: FaultPath, parts: PlanParts, report: Report): void {
  const message = Object.hasOwn(text.from, text.id) ? text.from[text.id] : undefined;
  if (message === undefined) {
    report([...path, text.kind], missingContent(text.kind, text.id, text.from));
    return;
  }
  // A missing translation holds one patient's message; a channel without any text would hold everybody's.
  for (const channel of step.channels ?? parts.channels ?? []) {
    const written = languages.some((language: Language) => message[language]?.[channel] !== undefined);
    if (channelsByKind[step.kind].includes(channel) && !written) report([...path, text.kind], `Write the ${text.kind} "${text.id}" for ${channel}, or take ${channel} from this step's channels.`);
  }
}

/** Ids of the steps whose shape is wrong, or whose questionnaire is not there. */
function unreadSteps(parts: PlanParts, content: Catalogue): string[] {
  const asking = parts.steps.flatMap(({ step }) => ((step.kind === 'ask' || step.kind === 'call') && !Object.hasOwn(content.questionnaires, step.questionnaire) ? [step.id] : []));
  return [...parts.misshapen, ...asking];
}

/** Every condition of a step, read with what it may name at its place in the plan. */
function checkConditions(step: Step, path: FaultPath, parts: PlanParts, content: Catalogue, report: Report): void {
  const scope = scopeOf({ anchors: parts.anchorTitles ?? {}, facts: parts.facts ?? {}, tags: parts.tags ?? [], steps: parts.steps.map((part) => part.step), lookBack: parts.lookBack ?? {} }, step, content.questionnaires);
  // What a condition may name of a step that could not be read is not known: the step's own fault is the one to correct.
  const unread = unreadSteps(parts, content).flatMap((id) => [id, celName(id)]);
  const check = (condition: string | undefined, at: FaultPath, within: Scope): void => {
    if (condition === undefined || unread.some((name) => condition.includes(name))) return;
    for (const fault of conditionFaults(condition, within)) report([...path, ...at], fault.sentence);
  };
  // At the time a step is due it has not been answered.
  const before = { ...scope, answers: null };
  check(step.when, ['when'], before);
  if (step.kind === 'advise') check(step.exclude, ['exclude'], before);
  if (scope.answers === null || !('rules' in step)) return;
  step.rules.forEach((rule, index) => check(rule.if, ['rules', index, 'if'], scope));
  step.ruleSets?.forEach((name, place) => {
    // A shared rule may name what one of its steps does not ask: the fault is the step's.
    for (const rule of sharedRules(parts, name)) check(rule.if, ['ruleSets', place], scope);
  });
}

/** Of the plan's own sets: "constructor" is one word for something that every object has. */
function sharedRules({ ruleSets }: PlanParts, name: string): readonly Rule[] {
  return ruleSets !== null && Object.hasOwn(ruleSets, name) ? (ruleSets[name] ?? []) : [];
}

function checkReply(reply: Reply, path: FaultPath, parts: PlanParts, report: Report): void {
  checkWait(reply.window, [...path, 'window'], report);
  reply.nudges.forEach((nudge, index) => {
    const before = reply.nudges[index - 1];
    if (durationMs(nudge) >= durationMs(reply.window)) report([...path, 'nudges', index], `Nudge before the window of ${reply.window} ends.`);
    if (durationMs(nudge) <= (before === undefined ? 0 : durationMs(before))) report([...path, 'nudges', index], 'Write the nudges in order, each counted from the first question and later than the one before.');
  });
  if (reply.silence === 'escalate-red') needLadder('red', [...path, 'silence'], parts, report);
  if (reply.silence === 'escalate-amber') needLadder('amber', [...path, 'silence'], parts, report);
}
