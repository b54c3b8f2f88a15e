import type { Level } from '../codes.ts';
import type { PlanParts, Report } from './check.ts';
import { needAnchor } from './check-timing.ts';
import type { FaultPath } from './document.ts';
import type { ConversationStep, Ladder, Rule, RuleAction } from './format.ts';

/** The rules of a step apart from their conditions: what they do must exist, and nothing may delay a red alert. */
export function checkRules(step: ConversationStep, path: FaultPath, parts: PlanParts, report: Report): void {
  const taken = new Set<string>();
  const check = (rule: Rule, at: FaultPath): void => {
    if (taken.has(rule.id)) report([...at, 'id'], `Rename this rule: another rule of the step is called "${rule.id}" already.`);
    taken.add(rule.id);
    rule.do.forEach((action, number) => checkAction(action, [...at, 'do', number], parts, report));
    checkConfirm(step, rule, [...at, 'confirm'], report);
  };
  step.ruleSets?.forEach((name, place) => {
    if (parts.ruleSets === null) return;
    const rules = Object.hasOwn(parts.ruleSets, name) ? parts.ruleSets[name] : undefined;
    if (rules === undefined) report([...path, 'ruleSets', place], `Declare "${name}" under ruleSets${Object.keys(parts.ruleSets).length === 0 ? '' : `, or use one of: ${Object.keys(parts.ruleSets).join(', ')}`}.`);
    rules?.forEach((rule, index) => check(rule, ['ruleSets', name, index]));
  });
  step.rules.forEach((rule, index) => check(rule, [...path, 'rules', index]));
}

function checkAction(action: RuleAction, path: FaultPath, parts: PlanParts, report: Report): void {
  if (action.kind === 'escalate') needLadder(action.level, [...path, 'level'], parts, report);
  if (action.kind === 'tag' && parts.tags !== null && !parts.tags.includes(action.tag)) report([...path, 'tag'], `Declare "${action.tag}" under tags${parts.tags.length === 0 ? '' : `, or use one of: ${parts.tags.join(', ')}`}.`);
  if (action.kind !== 'start') return;
  needAnchor(action.anchor, [...path, 'anchor'], parts, report);
  if (parts.anchors?.[action.anchor] === 'date') report([...path, 'anchor'], `Make "${action.anchor}" an anchor of kind instant: a rule starts it at a moment.`);
  if (!parts.steps.some(({ step }) => step.at.anchor === action.anchor)) report([...path, 'anchor'], `Hang a step on "${action.anchor}": as it is, starting it does nothing.`);
}

function checkConfirm(step: ConversationStep, rule: Rule, path: FaultPath, report: Report): void {
  if (rule.confirm === undefined) return;
  if (step.kind === 'call') report(path, 'Remove "confirm": a call is not rung again to confirm an answer.');
  if (rule.do.some((action) => action.kind === 'escalate' && action.level === 'red')) report(path, 'Remove "confirm": a red alert is never delayed by a second reading.');
}

export function needLadder(level: Level, path: FaultPath, parts: PlanParts, report: Report): void {
  if (parts.ladders !== null && parts.ladders[level] === undefined) report(path, `Add ladders.${level}, so that somebody is paged, or escalate to another level.`);
}

/** Red never waits for opening hours, and what waits for them must know them. */
export function checkLadderHours(level: Level, ladder: Ladder, path: FaultPath, parts: PlanParts, report: Report): void {
  if (ladder.hours !== 'business') return;
  if (level === 'red') report(path, 'Remove "hours": a red alert is paged at any hour.');
  else if (parts.businessHours === null) report(path, 'Add businessHours to the plan, so that it is known when the clock of this ladder runs.');
}
