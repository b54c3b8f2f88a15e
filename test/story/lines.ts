import type { Entry, Rehearsal } from '../../domain/rehearsal/types.ts';

/**
 * A story as lines that may be compared: what the patient got and wrote, how each step ended, tasks, alerts, pages, and what the
 * gate held and refused. In no order beyond their instants, because what happens at one instant has none.
 */
export const lineKinds = [
  'message', 'merged', 'question', 'nudge', 'call', 'call-ended', 'reply', 'answer', 'held', 'not-sent', 'step', 'step-ended', 'task', 'alert', 'page', 'acknowledged', 'alert-closed', 'ended',
] as const;
export type LineKind = (typeof lineKinds)[number];
export type Line = readonly [kind: LineKind, at: string, ...details: (string | null)[]];

/** Ids and people differ: who waived, and which code an alert has. */
const plain = (text: string | null): string | null => text?.replace(/waived by \S+:/, 'waived:') ?? null;
export const withoutCode = (text: string): string => text.replace(/\d{6}/g, '######');

export function asText(lines: readonly Line[]): string[] {
  const text = ([kind, at, ...details]: Line): string => [at, kind, ...details.map((detail) => plain(detail) ?? '-')].join(' | ');
  const isOfGate = ([kind]: Line): boolean => kind === 'held' || kind === 'not-sent';
  // The gate's answers count once, however often it was asked.
  return [...new Set(lines.filter(isOfGate).map(text)), ...lines.filter((line) => !isOfGate(line)).map(text)].sort();
}

/** A step is named with its plan. */
export const named = (planId: string | null, stepId: string | null): string | null => (stepId === null ? null : `${planId ?? ''}/${stepId}`);

export function linesOfRehearsal(rehearsal: Rehearsal): Line[] {
  const courses = [rehearsal, ...rehearsal.alongside];
  const names = new Map(courses.flatMap(({ planId, touchpoints }) => touchpoints.map(({ id, stepId }) => [id, named(planId, stepId) ?? ''])));
  const told = rehearsal.entries.flatMap((entry): Line[] => lineOfEntry({ ...entry, stepId: named(entry.planId, entry.stepId), reason: withName(entry.reason, names) }, entry.planId));
  const steps = courses.flatMap(({ planId, touchpoints }) => touchpoints.map((touchpoint): Line => ['step', touchpoint.dueAt ?? 'undated', named(planId, touchpoint.stepId), touchpoint.recurrenceId, touchpoint.kind, touchpoint.status, touchpoint.outcome, withName(touchpoint.reason, names)]));
  return [...told, ...steps, ...courses.map(({ planId, status, endReason }): Line => ['ended', 'at last', planId, status, endReason])];
}

/** What a reminder was merged into, by the name of its step instead of an id. */
export function withName(reason: string | null, names: ReadonlyMap<string, string>): string | null {
  if (reason === null || reason === '') return null;
  return reason.startsWith('into:') ? `into:${names.get(reason.slice('into:'.length)) ?? reason.slice('into:'.length)}` : reason;
}

function lineOfEntry({ kind, at, stepId, recurrenceId, channel, text, outcome, reason }: Entry, planId: string | null): Line[] {
  switch (kind) {
    case 'merged':
      return [[kind, at, stepId, recurrenceId, channel, outcome?.includes('/') === true ? outcome : named(planId, outcome)]];
    case 'message':
    case 'question':
    case 'nudge':
      return [[kind, at, stepId, recurrenceId, channel, text]];
    case 'call':
      return [[kind, at, stepId, recurrenceId, outcome]];
    case 'reply':
      return channel === 'voice' ? [['call-ended', at, stepId, recurrenceId, outcome]] : [['reply', at, text]];
    case 'answer':
      return [['answer', at, text]];
    case 'held':
    case 'not-sent':
      return [[kind, 'sometime', stepId, recurrenceId, channel, reason]];
    case 'step-ended':
      return [[kind, at, stepId, recurrenceId, outcome, reason]];
    case 'task':
      return [[kind, at, stepId, recurrenceId, outcome, reason]];
    case 'alert':
      return [[kind, at, stepId, recurrenceId, outcome, reason]];
    case 'page':
      return [[kind, at, channel, outcome, reason, text === null ? null : withoutCode(text)]];
    case 'acknowledged':
      return [[kind, at, outcome, reason]];
    case 'alert-closed':
      return [[kind, at, reason]];
    case 'undelivered':
    case 'step-moved':
    case 'alert-goes-on':
    case 'branch':
    case 'tag':
    case 'outside':
    case 'plan-ended':
    case 'stopped':
      return [];
  }
}
