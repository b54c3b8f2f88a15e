import type { Channel, Language, Level } from '../codes.ts';
import { languages } from '../codes.ts';
import type { MessageTemplates } from '../contact/message.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import { durationMs, durationParts } from '../time/durations.ts';
import { channelsByKind } from './channels.ts';
import { conditionFaults } from './conditions.ts';
import type { FaultPath, PlanFault } from './document.ts';
import { faultAt } from './document.ts';
import type { Ladder, Plan, Reply, Rule, Step } from './format.ts';

/** What a plan may refer to. */
export interface Catalogue {
  questionnaires: Readonly<Record<string, Questionnaire>>;
  messages: Readonly<Record<string, MessageTemplates>>;
}

/** The parts of a plan that have the right shape; a part that has not is left out, and so is every rule that needs it. */
export interface PlanParts {
  anchors: readonly string[] | null;
  channels: readonly Channel[] | null;
  contactHours: Plan['contactHours'] | null;
  steps: readonly { index: number; step: Step }[];
  ladders: { red?: Ladder | undefined; amber?: Ladder | undefined } | null;
}

type Report = (path: FaultPath, message: string) => void;

const farthestDays = 50 * 366;
const longestWaitMs = 366 * 24 * 60 * 60 * 1000;

/** The faults that span fields, of a plan that has the right shape: all at once, empty when it may be published. */
export function checkPlan(plan: Plan, content: Catalogue): PlanFault[] {
  const steps = plan.steps.map((step, index) => ({ index, step }));
  return checkParts({ anchors: Object.keys(plan.anchors), channels: plan.channels, contactHours: plan.contactHours, steps, ladders: plan.ladders }, content, () => undefined);
}

/** As `checkPlan`, for whatever parts could be read, with lines. */
export function checkParts(parts: PlanParts, content: Catalogue, lineOf: (path: FaultPath) => number | undefined): PlanFault[] {
  const faults: PlanFault[] = [];
  const report: Report = (path, message) => faults.push(faultAt(path, message, lineOf));
  if (parts.contactHours !== null && parts.contactHours.from === parts.contactHours.to) report(['contactHours', 'to'], 'Make the contact hours end at another time than they begin.');
  const seen = new Set<string>();
  for (const { index, step } of parts.steps) {
    const path = ['steps', index];
    if (seen.has(step.id)) report([...path, 'id'], `Rename this step: another step is called "${step.id}" already.`);
    seen.add(step.id);
    checkTiming(step, path, parts, report);
    checkChannels(step, path, parts, report);
    checkContent(step, path, parts, content, report);
    if (step.kind === 'ask') checkReply(step.reply, [...path, 'reply'], parts, report);
    if (step.kind === 'call') step.redial.forEach((wait, attempt) => checkWait(wait, [...path, 'redial', attempt], report));
    if (step.kind === 'ask' || step.kind === 'call') checkRules(step, path, parts, content, report);
  }
  for (const level of ['red', 'amber'] as const) {
    const ladder = parts.ladders?.[level];
    if (ladder === undefined) continue;
    ladder.rungs.forEach((rung, rungIndex) => checkWait(rung.wait, ['ladders', level, 'rungs', rungIndex, 'wait'], report));
    checkWait(ladder.repeatTop, ['ladders', level, 'repeatTop'], report);
    checkWait(ladder.reachWithin, ['ladders', level, 'reachWithin'], report);
  }
  return faults;
}

function checkTiming(step: Step, path: FaultPath, parts: PlanParts, report: Report): void {
  if (parts.anchors !== null && !parts.anchors.includes(step.at.anchor)) report([...path, 'at', 'anchor'], `Declare "${step.at.anchor}" under anchors, or use one of: ${parts.anchors.join(', ')}.`);
  const { days, timeMs } = durationParts(step.at.offset);
  if (Math.abs(days) + Math.abs(timeMs) / 86_400_000 > farthestDays) report([...path, 'at', 'offset'], 'Keep the offset within 50 years of the anchor.');
  if (step.at.localTime !== undefined && timeMs !== 0) report([...path, 'at', 'localTime'], 'Give either a local time or hours, minutes and seconds in the offset, not both.');
  checkWait(step.lateness.sendWithin, [...path, 'lateness', 'sendWithin'], report);
}

function checkChannels(step: Step, path: FaultPath, parts: PlanParts, report: Report): void {
  const possible = channelsByKind[step.kind];
  if (step.kind === 'task') {
    if (step.channels !== undefined) report([...path, 'channels'], 'Remove the channels: a task is for staff and is sent to nobody.');
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
  if ((step.kind === 'ask' || step.kind === 'call') && !Object.hasOwn(content.questionnaires, step.questionnaire)) {
    report([...path, 'questionnaire'], `Add a questionnaire "${step.questionnaire}", or use one of: ${Object.keys(content.questionnaires).join(', ')}.`);
  }
  if (step.kind !== 'remind') return;
  const message = Object.hasOwn(content.messages, step.message) ? content.messages[step.message] : undefined;
  if (message === undefined) {
    report([...path, 'message'], `Add a message "${step.message}", or use one of: ${Object.keys(content.messages).join(', ')}.`);
    return;
  }
  // A missing translation holds one patient's message; a channel without any text would hold everybody's.
  for (const channel of step.channels ?? parts.channels ?? []) {
    const written = languages.some((language: Language) => message[language]?.[channel] !== undefined);
    if (channelsByKind.remind.includes(channel) && !written) report([...path, 'message'], `Write the message "${step.message}" for ${channel}, or take ${channel} from this step's channels.`);
  }
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

function checkRules(step: { questionnaire: string; rules: Rule[] }, path: FaultPath, parts: PlanParts, content: Catalogue, report: Report): void {
  const questionnaire = Object.hasOwn(content.questionnaires, step.questionnaire) ? content.questionnaires[step.questionnaire] : undefined;
  step.rules.forEach((rule, index) => {
    const at = [...path, 'rules', index];
    if (step.rules.findIndex((other) => other.id === rule.id) !== index) report([...at, 'id'], `Rename this rule: another rule of the step is called "${rule.id}" already.`);
    if (questionnaire !== undefined) for (const fault of conditionFaults(rule.if, questionnaire)) report([...at, 'if'], fault);
    rule.do.forEach((action, number) => {
      if (action.kind === 'escalate') needLadder(action.level, [...at, 'do', number, 'level'], parts, report);
    });
  });
}

function needLadder(level: Level, path: FaultPath, parts: PlanParts, report: Report): void {
  if (parts.ladders !== null && parts.ladders[level] === undefined) report(path, `Add ladders.${level}, so that somebody is paged, or escalate to another level.`);
}

/** A wait of nothing would page or ask in a tight loop; one beyond a year is a slip of the pen. */
function checkWait(iso: string, path: FaultPath, report: Report): void {
  const ms = durationMs(iso);
  if (ms < 1000 || ms > longestWaitMs) report(path, 'Write a duration from one second (PT1S) to a year (P366D).');
}
