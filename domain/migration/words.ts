import { assertNever } from '../codes.ts';
import { channelsOf } from '../plan/channels.ts';
import type { Plan, Step } from '../plan/format.ts';
import type { Words } from '../words.ts';
import type { ToldLook } from './look.ts';
import type { ExaminedKind } from './types.ts';

type Ways = 'sms' | 'email' | 'voice' | 'staff';

/** What one group's patients meet, as a sentence that a coordinator reads: `312 get one more SMS ("Wound check").` */
export function wordsOfGroup(count: number, look: ToldLook, from: Plan, to: Plan): Words {
  const parts = partsOf(look, from, to);
  return { en: `${count} ${parts.map(({ en }) => en).join('; ')}.`, zh: `${count} 人${parts.map(({ zh }) => zh).join('；')}。` };
}

function partsOf(look: ToldLook, from: Plan, to: Plan): Words[] {
  switch (look.result) {
    case 'kept':
      return [{ en: `stay in version ${from.version}`, zh: `留在版本 ${from.version}` }];
    case 'refused':
      return [refusal(look.reason ?? '')];
    case 'moved':
    case 'restarted': {
      const parts = [...groupsOf(look.changes, from, to).map(wordsOf), ...(look.ends ? [{ en: 'come to the end of the plan', zh: '随访计划随之结束' }] : [])];
      const first = look.result === 'restarted' ? [{ en: `begin version ${to.version} anew`, zh: `重新开始版本 ${to.version}` }] : [];
      return parts.length + first.length > 0 ? [...first, ...parts] : [{ en: `go on as before, in version ${to.version}`, zh: `照旧进行，改为版本 ${to.version}` }];
    }
    default:
      return assertNever(look.result);
  }
}

interface Group {
  kind: ExaminedKind;
  way: Ways;
  isSeries: boolean;
  steps: Step[];
}

/** Steps that are changed alike, in the order of the plans. */
function groupsOf(changes: ToldLook['changes'], from: Plan, to: Plan): Group[] {
  const groups = new Map<string, Group>();
  for (const step of [...to.steps, ...from.steps.filter((old) => !to.steps.some((next) => next.id === old.id))]) {
    for (const kind of new Set(changes.filter((change) => change.stepId === step.id).map((change) => change.kind))) {
      const way = wayOf(to, step);
      const key = kind === 'added' || kind === 'may-be-added' ? `${kind} ${way} ${step.every === undefined}` : kind;
      const group = groups.get(key) ?? { kind, way, isSeries: step.every !== undefined, steps: [] };
      groups.set(key, { ...group, steps: [...group.steps, step] });
    }
  }
  return [...groups.values()];
}

function wayOf(plan: Plan, step: Step): Ways {
  return channelsOf(plan, step)[0] ?? 'staff';
}

const ways: Readonly<Record<Ways, { one: Words; several: Words }>> = {
  sms: { one: { en: 'SMS', zh: '条短信' }, several: { en: 'SMS', zh: '条短信' } },
  email: { one: { en: 'e-mail', zh: '封邮件' }, several: { en: 'e-mails', zh: '封邮件' } },
  voice: { one: { en: 'call', zh: '次电话' }, several: { en: 'calls', zh: '次电话' } },
  staff: { one: { en: 'staff task', zh: '项人工任务' }, several: { en: 'staff tasks', zh: '项人工任务' } },
};

function wordsOf({ kind, way, isSeries, steps }: Group): Words {
  const count = steps.length;
  const en = steps.map(({ title }) => `"${title.en}"`).join(', ');
  const zh = steps.map(({ title }) => `“${title.zh ?? title.en}”`).join('、');
  const a = count === 1 ? 'a step' : `${count} steps`;
  switch (kind) {
    case 'added':
    case 'may-be-added': {
      const noun = count === 1 ? ways[way].one : ways[way].several;
      const [may, open, mayZh, openZh] = kind === 'added' ? ['get', '', '', ''] : ['may get', ', by what is not known yet', '可能', '，取决于尚未知道的情况'];
      if (isSeries) return { en: `${may} ${count === 1 ? 'one more series' : `${count} more series`} (${ways[way].several.en}: ${en})${open}`, zh: `${mayZh}新增 ${count} 个系列（${zh}）${openZh}` };
      return { en: `${may} ${count === 1 ? 'one' : count} more ${noun.en} (${en})${open}`, zh: `${mayZh}多 ${count} ${noun.zh}（${zh}）${openZh}` };
    }
    case 'ruled-out-new':
      return { en: `do not get ${count === 1 ? 'a new step' : `${count} new steps`}, by the condition (${en})`, zh: `不符合条件，${count} 个新步骤不进行（${zh}）` };
    case 'ruled-out-dropped':
      return { en: `lose ${a} that they would not have got (${en})`, zh: `失去本来就不会进行的 ${count} 个步骤（${zh}）` };
    case 'let-in':
      return { en: `get ${a}, by the new condition (${en})`, zh: `按新条件进行 ${count} 个步骤（${zh}）` };
    case 'ruled-out':
      return { en: `no longer get ${a}, by the new condition (${en})`, zh: `按新条件不再进行 ${count} 个步骤（${zh}）` };
    case 'left-open':
      return { en: `get ${a} or not, by what is not known yet (${en})`, zh: `${count} 个步骤是否进行取决于尚未知道的情况（${zh}）` };
    case 'again':
      return { en: `get ${a} once more (${en})`, zh: `再做一次 ${count} 个步骤（${zh}）` };
    case 'passed':
      return { en: `do not get ${a} whose time is over (${en})`, zh: `${count} 个步骤时间已过，不再进行（${zh}）` };
    case 'redated':
      return { en: `get ${a} at another time (${en})`, zh: `${count} 个步骤改期（${zh}）` };
    case 'late':
      return { en: `have ${a} whose new time is over, and that is late (${en})`, zh: `${count} 个步骤新的时间已过，按逾期处理（${zh}）` };
    case 'dropped':
      return { en: `lose ${a} that they are waiting for (${en})`, zh: `失去正在等待的 ${count} 个步骤（${zh}）` };
    case 'merged':
      return { en: `get days of ${a} together (${en})`, zh: `${count} 个步骤的若干日期合并（${zh}）` };
    case 'exhausted':
      return { en: `have no channel left for ${a} (${en})`, zh: `${count} 个步骤已无可用渠道（${zh}）` };
    default:
      return assertNever(kind);
  }
}

const refusals: Readonly<Record<string, Words>> = {
  ended: { en: 'have ended', zh: '已经结束' },
  'contact-in-flight': { en: 'are not moved now: a contact with them is under way', zh: '暂不迁移：正在联系中' },
  'open-conversation': { en: 'are not moved now: they are in the middle of a conversation that would be lost', zh: '暂不迁移：正在进行的对话会丢失' },
  'receipt-awaited': { en: 'are not moved now: a message is out, by a channel that its step no longer has', zh: '暂不迁移：有短信已发出，等待回执' },
  'channel-tried': { en: 'are not moved now: a channel has failed that the new order would try again', zh: '暂不迁移：失败过的渠道会被再次尝试' },
  'name-taken': { en: 'are not moved: a step would get the name of one that they had before', zh: '不迁移：步骤名称与以前的步骤重复' },
  'changed-meanwhile': { en: 'are not moved: something has happened since the look, and it would be another change', zh: '不迁移：查看之后情况有变' },
};

function refusal(reason: string): Words {
  return refusals[reason] ?? { en: `are not moved (${reason})`, zh: `不迁移（${reason}）` };
}
