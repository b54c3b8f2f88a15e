import { hasLostDate } from '../domain/follow-up/awaited.ts';
import type { FollowUpDecision, FollowUpState, Instant, Touchpoint } from '../domain/follow-up/types.ts';
import { channelsOf } from '../domain/plan/channels.ts';
import type { Plan } from '../domain/plan/format.ts';
import { localText } from '../domain/time/describe.ts';
import { becauseWords, outcomeWords, wayWords } from '../domain/words.ts';
import type { Words } from '../domain/words.ts';

const statuses: Readonly<Record<Exclude<Touchpoint['status'], 'done'>, Words>> = {
  planned: { en: 'planned', zh: '已计划' },
  sent: { en: 'sent, receipt awaited', zh: '已发送，等待回执' },
  open: { en: 'under way', zh: '进行中' },
};

/** How one step stands and why, in a sentence with the patient's local time. */
export function wordsOfTouchpoint(plan: Plan, touchpoint: Touchpoint, zone: string): Words {
  // A step that a newer version of the plan has dropped is told by its id.
  const title: Plan['title'] = plan.steps.find((step) => step.id === touchpoint.stepId)?.title ?? { en: touchpoint.stepId };
  const isLost = hasLostDate(touchpoint);
  const stands = touchpoint.status === 'done' ? (touchpoint.outcome === null ? statuses.open : outcomeWords[touchpoint.outcome]) : statuses[touchpoint.status];
  const at = touchpoint.status === 'planned' ? (touchpoint.nextAt ?? touchpoint.dueAt) : touchpoint.dueAt;
  const undated = isLost ? { en: 'its date was cancelled', zh: '日期已取消' } : { en: 'its anchor is not known yet', zh: '锚点日期未知' };
  const when = at === null ? undated : { en: localText(at, zone), zh: localText(at, zone) };
  // What cancelled its date is no reason for its being planned.
  const isAwaited = isLost && touchpoint.status === 'planned';
  const state = isAwaited ? { en: 'waits for another', zh: '等待新的日期' } : stands;
  const because = becauseWords(isAwaited ? null : touchpoint.reason);
  return { en: `${title.en} (${when.en}): ${state.en}${because.en}.`, zh: `${title.zh ?? title.en}（${when.zh}）：${state.zh}${because.zh}。` };
}

/** A step by its title and the way that it goes. */
function wordsOfStep(plan: Plan, { stepId, channelIndex }: Touchpoint): Words | null {
  const step = plan.steps.find(({ id }) => id === stepId);
  if (step === undefined) return null;
  const way = wayWords[channelsOf(plan, step)[channelIndex] ?? 'staff'];
  return { en: `${step.title.en}, ${way.en}`, zh: `${step.title.zh ?? step.title.en}（${way.zh}）` };
}

/** What a thread waits for, as its decider sums it up for engineers. */
const summed: Readonly<Record<string, string>> = {
  'a conversation is open': '有一个对话正在进行',
  'an anchor is not known yet': '锚点日期未知',
  'a date has yet to come, and may be moved': '有日期尚未到来且可能更改',
  'until more of a series is planned': '届时安排该系列的后续部分',
};

function asSummed({ anchors }: Plan, summary: string): Words {
  const cancelled = /^(.+): cancelled, another date is awaited$/.exec(summary)?.[1]?.split(', ');
  const titles = cancelled?.map((anchor) => anchors[anchor]?.title ?? { en: anchor });
  if (titles !== undefined) return { en: `for another date of ${titles.map(({ en }) => `“${en}”`).join(', ')} (cancelled)`, zh: `${titles.map(({ en, zh }) => `“${zh ?? en}”`).join('、')}已取消，等待新的日期` };
  const receiptOf = /^(.+): delivery receipt awaited$/.exec(summary)?.[1];
  return { en: summary, zh: receiptOf === undefined ? (summed[summary] ?? summary) : `${receiptOf}：等待送达回执` };
}

/** What the engine does next, in a sentence with the patient's local time. `touchpoint`: what it is about, where it is about one. */
export function wordsOfNext(plan: Plan, next: FollowUpDecision['next'], touchpoint: Touchpoint | null, { zone, status }: Pick<FollowUpState, 'zone' | 'status'>, now: Instant): Words {
  const step = touchpoint === null ? null : wordsOfStep(plan, touchpoint);
  switch (next.kind) {
    case 'wait': {
      if (status === 'paused') return { en: 'Waits: the follow-up is paused.', zh: '等待：随访已暂停。' };
      // Of the next step, and not of a receipt or of a series that is laid out further before it.
      const what = step !== null && touchpoint?.nextAt === next.dueAt ? step : asSummed(plan, next.summary);
      if (next.dueAt === null) return { en: `Waits: ${what.en}.`, zh: `等待：${what.zh}。` };
      return { en: `At ${localText(next.dueAt, zone)}: ${what.en}.`, zh: `${localText(next.dueAt, zone)}：${what.zh}。` };
    }
    case 'judge':
      return { en: `Now (${localText(now, zone)}): the condition of a step is judged.`, zh: `现在（${localText(now, zone)}）：正在判断一个步骤的条件。` };
    case 'remind':
    case 'ask':
    case 'call': {
      const what = step ?? asSummed(plan, next.summary);
      return { en: `Now (${localText(now, zone)}): ${what.en}.`, zh: `现在（${localText(now, zone)}）：${what.zh}。` };
    }
    case 'end': {
      const because = becauseWords(next.reason);
      return { en: `Nothing more: “${plan.title.en}” has ended${because.en}.`, zh: `不再联系：“${plan.title.zh ?? plan.title.en}”已结束${because.zh}。` };
    }
  }
}
