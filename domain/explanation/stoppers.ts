import type { Channel } from '../codes.ts';
import { describe } from '../conditions/describe.ts';
import { notAfterOf } from '../follow-up/touchpoints.ts';
import type { FollowUpDecision, FollowUpState, Instant, Touchpoint } from '../follow-up/types.ts';
import { byTime } from '../follow-up/touchpoints.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan, Step } from '../plan/format.ts';
import { declaredIn, scopeOf } from '../plan/scope.ts';
import type { Questionnaire } from '../questionnaire/format.ts';
import { nextContactInstant } from '../time/contact-hours.ts';
import { localText } from '../time/describe.ts';
import { reasonWords, wayWords, worded } from '../words.ts';
import type { Words } from '../words.ts';

/** Where a patient stands as the gate will see it. */
export interface Standing {
  status: string;
  consents: readonly { purpose: string; channel: string; withdrawnAt: string | null }[];
  addresses: readonly { kind: 'phone' | 'email'; suspendedAt: string | null; optedOutAt: string | null }[];
}

export interface Stopper {
  /** True where it would stop the step if it were tried now; false where it only might. */
  holds: boolean;
  words: Words;
}

/** The step that comes next: what a command names, else the one that is dated earliest. */
export function nextTouchpoint(state: FollowUpState, next: FollowUpDecision['next']): Touchpoint | null {
  const named = next.kind === 'wait' ? (next.then?.touchpointId ?? null) : next.kind === 'end' ? null : next.touchpointId;
  if (named !== null) return state.touchpoints.find(({ id }) => id === named) ?? null;
  const planned = state.touchpoints.filter(({ status, nextAt }) => status === 'planned' && nextAt !== null);
  return planned.sort(byTime(({ nextAt }) => nextAt))[0] ?? null;
}

/** What could still stop the next step, what already does first. The gate decides again at the moment of sending. */
export function stoppersOf(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, standing: Standing, questionnaires: Readonly<Record<string, Questionnaire>>, now: Instant): Stopper[] {
  const step = plan.steps.find(({ id }) => id === touchpoint.stepId);
  if (step === undefined) return [];
  const stoppers = [...pause(state), ...conditions(plan, step, questionnaires), ...lateness(plan, step, state, touchpoint)];
  if (step.kind !== 'task' && step.kind !== 'review') {
    const channel = channelsOf(plan, step)[touchpoint.channelIndex] ?? 'sms';
    stoppers.push(...contact(plan, standing, channel), ...hours(plan, state, touchpoint, now), might('The patient has had as many contacts as is allowed over all plans, was contacted a moment ago, or writes just then: it waits.', '患者的联系次数（含所有计划）已达上限、刚刚被联系过，或恰好来信：将等待。'));
  }
  stoppers.push(might('Staff pause the follow-up, waive the step, or change the date that it hangs on.', '工作人员暂停随访、取消该步骤或更改其日期。'));
  return stoppers.sort((a, b) => Number(b.holds) - Number(a.holds));
}

const might = (en: string, zh: string): Stopper => ({ holds: false, words: { en, zh } });
const does = (en: string, zh: string): Stopper => ({ holds: true, words: { en, zh } });

function pause(state: FollowUpState): Stopper[] {
  return state.status === 'paused' ? [does('The follow-up is paused: nothing is begun until it is resumed.', '随访已暂停：恢复之前不会开始任何步骤。')] : [];
}

function conditions(plan: Plan, step: Step, questionnaires: Readonly<Record<string, Questionnaire>>): Stopper[] {
  const scope = { ...scopeOf(declaredIn(plan), step, questionnaires), answers: null };
  const told = (condition: string, words: (language: 'en' | 'zh', text: string) => string): Stopper => ({ holds: false, words: worded((language) => words(language, describe(condition, scope, language))) });
  return [
    ...(step.when === undefined ? [] : [told(step.when, (language, text) => ({ en: `It goes ahead only if ${text}; that is judged when it is due.`, zh: `仅当${text}时进行；到期时判断。` })[language])]),
    ...(step.kind !== 'advise' || step.exclude === undefined ? [] : [told(step.exclude, (language, text) => ({ en: `It is left out if ${text}.`, zh: `如果${text}，则略过。` })[language])]),
  ];
}

function lateness(plan: Plan, step: Step, state: FollowUpState, touchpoint: Touchpoint): Stopper[] {
  const notAfter = notAfterOf(plan, touchpoint, state.zone);
  if (notAfter === null) return [];
  const then = { skip: { en: 'skipped', zh: '略过' }, task: { en: 'given to staff', zh: '转交工作人员' }, move: { en: 'moved to a later day', zh: '改到之后的日期' } }[step.lateness.otherwise];
  return [might(`Not begun by ${localText(notAfter, state.zone)}, it is ${then.en}.`, `如果到 ${localText(notAfter, state.zone)} 仍未开始，则${then.zh}。`)];
}

function contact(plan: Plan, standing: Standing, channel: Channel): Stopper[] {
  const way = wayWords[channel];
  const kind = channel === 'email' ? 'email' : 'phone';
  const consents = standing.consents.filter((consent) => consent.purpose === plan.purpose && consent.channel === channel);
  const addresses = standing.addresses.filter((address) => address.kind === kind);
  const usable = addresses.filter(({ suspendedAt }) => suspendedAt === null);
  const blocked = [
    ...(standing.status === 'active' ? [] : [standing.status]),
    ...(consents.some(({ withdrawnAt }) => withdrawnAt === null) ? [] : [consents.length === 0 ? 'no-consent' : 'consent-withdrawn']),
    ...(addresses.length === 0 ? ['no-address'] : usable.length === 0 ? ['address-suspended'] : usable.every(({ optedOutAt }) => optedOutAt !== null) ? ['opted-out'] : []),
  ];
  if (blocked.length > 0) return blocked.map((code) => ({ holds: true, words: worded((language) => ({ en: `As it stands it would be refused ${way.en}: ${reasonWords(code).en}.`, zh: `目前${way.zh}会被拒绝：${reasonWords(code).zh}。` })[language]) }));
  return [might(`The patient opts out, withdraws the consent to contacts ${way.en}, is admitted, or dies: it is refused.`, `患者退订、撤回对${way.zh}的同意、住院或去世：将被拒绝。`)];
}

function hours(plan: Plan, state: FollowUpState, touchpoint: Touchpoint, now: Instant): Stopper[] {
  const at = touchpoint.nextAt === null || touchpoint.nextAt < now ? now : touchpoint.nextAt;
  const opens = nextContactInstant(at, state.zone, plan.contactHours);
  const { from, to } = plan.contactHours;
  if (opens <= at) return [might(`Tried outside ${from} to ${to} where the patient is, it waits until then.`, `若不在患者当地 ${from} 至 ${to} 之间，则等待。`)];
  return [does(`It is due outside ${from} to ${to} where the patient is, and waits until ${localText(opens, state.zone)}.`, `到期时间不在患者当地 ${from} 至 ${to} 之间，将等到 ${localText(opens, state.zone)}。`)];
}
