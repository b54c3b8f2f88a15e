import type { Channel } from '../domain/codes.ts';
import type { FollowUpDecision, FollowUpState, Instant, Touchpoint } from '../domain/follow-up/types.ts';
import { channelsOf } from '../domain/plan/channels.ts';
import type { Plan } from '../domain/plan/format.ts';
import { localText } from '../domain/time/describe.ts';
import { reasonWords } from '../domain/words.ts';
import type { Words } from '../domain/words.ts';

const outcomes: Readonly<Record<NonNullable<Touchpoint['outcome']>, Words>> = {
  answered: { en: 'answered', zh: '已回答' },
  delivered: { en: 'delivered', zh: '已送达' },
  'sent-unconfirmed': { en: 'sent, delivery not confirmed', zh: '已发送,未确认送达' },
  missed: { en: 'missed', zh: '已错过' },
  merged: { en: 'merged into another contact', zh: '已并入其他联系' },
  waived: { en: 'waived', zh: '已取消' },
  escalated: { en: 'handed to staff', zh: '已转人工' },
  failed: { en: 'failed', zh: '失败' },
};

const statuses: Readonly<Record<Exclude<Touchpoint['status'], 'done'>, Words>> = {
  planned: { en: 'planned', zh: '已计划' },
  sent: { en: 'sent, receipt awaited', zh: '已发送,等待回执' },
  open: { en: 'under way', zh: '进行中' },
};

/** How one step stands and why, in a sentence with the patient's local time. */
export function wordsOfTouchpoint(plan: Plan, touchpoint: Touchpoint, zone: string): Words {
  // A step that a newer version of the plan has dropped is told by its id.
  const title: Plan['title'] = plan.steps.find((step) => step.id === touchpoint.stepId)?.title ?? { en: touchpoint.stepId };
  const state = touchpoint.status === 'done' ? (touchpoint.outcome === null ? statuses.open : outcomes[touchpoint.outcome]) : statuses[touchpoint.status];
  const at = touchpoint.status === 'planned' ? (touchpoint.nextAt ?? touchpoint.dueAt) : touchpoint.dueAt;
  const when = at === null ? { en: 'its anchor is not known yet', zh: '锚点日期未知' } : { en: localText(at, zone), zh: localText(at, zone) };
  const because = touchpoint.reason === null ? { en: '', zh: '' } : { en: `, because ${reasonWords(touchpoint.reason).en}`, zh: `,原因:${reasonWords(touchpoint.reason).zh}` };
  return { en: `${title.en} (${when.en}): ${state.en}${because.en}.`, zh: `${title.zh ?? title.en}(${when.zh}):${state.zh}${because.zh}。` };
}

const ways: Readonly<Record<Channel | 'staff', Words>> = {
  sms: { en: 'by SMS', zh: '短信' },
  voice: { en: 'by call', zh: '电话' },
  email: { en: 'by e-mail', zh: '电子邮件' },
  staff: { en: 'for staff', zh: '人工' },
};

/** A step by its title and the way that it goes. */
function wordsOfStep(plan: Plan, { stepId, channelIndex }: Touchpoint): Words | null {
  const step = plan.steps.find(({ id }) => id === stepId);
  if (step === undefined) return null;
  const way = ways[channelsOf(plan, step)[channelIndex] ?? 'staff'];
  return { en: `${step.title.en}, ${way.en}`, zh: `${step.title.zh ?? step.title.en}(${way.zh})` };
}

/** What the engine does next, in a sentence with the patient's local time. `touchpoint`: what it is about, where it is about one. */
export function wordsOfNext(plan: Plan, next: FollowUpDecision['next'], touchpoint: Touchpoint | null, { zone, status }: Pick<FollowUpState, 'zone' | 'status'>, now: Instant): Words {
  const step = touchpoint === null ? null : wordsOfStep(plan, touchpoint);
  const asSummed = (summary: string): Words => ({ en: summary, zh: summary });
  switch (next.kind) {
    case 'wait': {
      if (status === 'paused') return { en: 'Waits: the follow-up is paused.', zh: '等待:随访已暂停。' };
      // Of the next step, and not of a receipt or of a series that is laid out further before it.
      const what = step !== null && touchpoint?.nextAt === next.dueAt ? step : asSummed(next.summary);
      if (next.dueAt === null) return { en: `Waits: ${what.en}.`, zh: `等待:${what.zh}。` };
      return { en: `At ${localText(next.dueAt, zone)}: ${what.en}.`, zh: `${localText(next.dueAt, zone)}:${what.zh}。` };
    }
    case 'judge':
      return { en: `Now (${localText(now, zone)}): the condition of a step is judged.`, zh: `现在(${localText(now, zone)}):正在判断一个步骤的条件。` };
    case 'remind':
    case 'ask':
    case 'call': {
      const what = step ?? asSummed(next.summary);
      return { en: `Now (${localText(now, zone)}): ${what.en}.`, zh: `现在(${localText(now, zone)}):${what.zh}。` };
    }
    case 'end':
      return { en: `Nothing more: plan ${plan.id} has ended (${next.reason}).`, zh: `不再联系:计划 ${plan.id} 已结束(${next.reason})。` };
  }
}
