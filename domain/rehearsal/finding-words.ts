import type { Words } from '../words.ts';
import type { FindingCode } from './types.ts';

/** What a finding says and what to do about it, in both languages. A name is given in both, too: see {@link namedStep}. */
export interface FindingWords {
  sentence: Words;
  /** What to do about it. */
  remedy: Words;
}

const longerBound = { en: 'Move its time into the contact hours, or lengthen "lateness.sendWithin".', zh: '请将其时间移入可联系时段，或延长“lateness.sendWithin”。' };
const writeText = { en: 'Write the text in that language, and have it approved.', zh: '请编写该语言的文本并取得批准。' };
const languageNames: Readonly<Record<'en' | 'zh', Words>> = { en: { en: 'English', zh: '英文' }, zh: { en: 'Chinese', zh: '中文' } };

/** Each finding's words, by its code; where one code has several causes, by cause. */
export const findingWords = {
  'cut-short': (): FindingWords => ({
    sentence: { en: 'The plan does more in this time than a rehearsal shows.', zh: '在这段时间内，计划的内容超出排练所能显示的范围。' },
    remedy: { en: 'Rehearse a shorter time, or fewer steps.', zh: '请缩短排练时间，或减少步骤。' },
  }),
  'beyond-until': (steps: readonly string[]): FindingWords => ({
    sentence: {
      en: `${steps.length === 1 ? 'The step' : 'The steps'} ${quoted(steps).en} ${steps.length === 1 ? 'lies' : 'lie'} beyond the end of this rehearsal, and nothing can be said of ${steps.length === 1 ? 'it' : 'them'}.`,
      zh: `步骤${quoted(steps).zh}在本次排练结束之后，无法判断。`,
    },
    remedy: { en: 'Rehearse a longer time ("until") to see more.', zh: '请延长排练时间（“until”）以查看更多。' },
  }),
  'moved-past-bound': {
    quietHours: (step: Words, isGivenToStaff: boolean): FindingWords => ({
      sentence: { en: `${begin(step.en)} is held by quiet hours past its bound and ${isGivenToStaff ? 'goes to staff' : 'is skipped'}.`, zh: `${step.zh}因免打扰时段而超过期限，${isGivenToStaff ? '转交工作人员' : '被跳过'}。` },
      remedy: longerBound,
    }),
    moved: (step: Words): FindingWords => ({ sentence: { en: `${begin(step.en)} cannot be begun within its bound and is moved to another day.`, zh: `${step.zh}无法在期限内开始，改到另一天。` }, remedy: longerBound }),
  },
  'missing-translation': {
    patients: (step: Words): FindingWords => ({ sentence: { en: `${begin(step.en)} has no approved text in the patient's language.`, zh: `${step.zh}没有患者所用语言的已批准文本。` }, remedy: writeText }),
    in: (step: Words, language: 'en' | 'zh'): FindingWords => ({ sentence: { en: `${begin(step.en)} has no approved text in ${languageNames[language].en}.`, zh: `${step.zh}没有已批准的${languageNames[language].zh}文本。` }, remedy: writeText }),
  },
  'text-cannot-be-sent': (step: Words, why: string | null): FindingWords => ({
    sentence: { en: `${begin(step.en)} has a text that cannot be sent${why === null ? '' : `: ${why}`}`, zh: `${step.zh}的文本无法发送${why === null ? '。' : `：${why}`}` },
    remedy: { en: 'Shorten the text or correct its variables.', zh: '请缩短文本或更正其变量。' },
  }),
  'over-cap': (step: Words, because: Words): FindingWords => ({
    sentence: { en: `${begin(step.en)} is held, because ${because.en}.`, zh: `${step.zh}被暂缓：${because.zh}。` },
    remedy: { en: 'Put fewer steps and nudges on one day, and in one week, or have the operator set other caps (docs/contact-limits.md).', zh: '请减少一天和一周内的步骤与提醒，或由运维人员设置其他上限（docs/contact-limits.md）。' },
  }),
  'close-together': (step: Words, before: Words): FindingWords => ({
    sentence: { en: `${begin(step.en)} comes within an hour of ${before.en}.`, zh: `${step.zh}与${before.zh}相隔不到一小时。` },
    remedy: { en: 'Put an hour or more between them, or say both in one message.', zh: '请相隔一小时以上，或合并为一条消息。' },
  }),
  'window-past-next-step': (step: Words, next: Words, window: string): FindingWords => ({
    sentence: { en: `${begin(step.en)} may still wait for replies when ${next.en} is due, which then waits for it.`, zh: `${next.zh}到期时，${step.zh}可能仍在等待回复，前者须等候。` },
    remedy: { en: `Shorten "reply.window" (${window}), or put the steps further apart.`, zh: `请缩短“reply.window”（${window}），或拉开两个步骤的间隔。` },
  }),
  'branch-taken-once': (step: Words, anchor: string, starters: readonly string[]): FindingWords => ({
    sentence: { en: `${begin(step.en)} is carried out the first time only that "${anchor}" is started; ${quoted(starters).en} may start it again.`, zh: `${step.zh}仅在“${anchor}”首次开始时执行；${quoted(starters).zh}可能再次使其开始。` },
    remedy: { en: 'Write "afterAnchorMoved: again" where each time counts, or "afterAnchorMoved: keep" where the first is enough.', zh: '若每次都要执行，请写“afterAnchorMoved: again”；若首次即可，请写“afterAnchorMoved: keep”。' },
  }),
  'red-without-ladder': (step: Words): FindingWords => ({
    sentence: { en: `${begin(step.en)} can raise a red alert, and the plan has no red ladder: the built-in one is paged.`, zh: `${step.zh}可能触发红色警报，而计划没有红色呼叫阶梯：将使用内置阶梯。` },
    remedy: { en: 'Write "ladders.red" with the people of your own department.', zh: '请用本科室人员编写“ladders.red”。' },
  }),
  'unreachable-step': {
    anchor: (step: Words, anchor: string): FindingWords => ({
      sentence: { en: `${begin(step.en)} hangs on the anchor "${anchor}", which is not given and which no rule starts.`, zh: `${step.zh}依赖锚点“${anchor}”，该锚点未给出，也没有规则使其开始。` },
      remedy: { en: `Give "${anchor}" a date, or let a rule start it.`, zh: `请为“${anchor}”给出日期，或由规则使其开始。` },
    }),
    never: (step: Words): FindingWords => ({
      sentence: { en: `${begin(step.en)} never came up, whether the patient answered calmly, raised an amber or a red alarm, or was silent.`, zh: `无论患者平静回答、触发黄色或红色警报，还是不回复，${step.zh}都从未出现。` },
      remedy: { en: 'Check its anchor and its condition, or rehearse it with the facts and replies that lead to it.', zh: '请检查其锚点和条件，或用能到达它的资料和回复来排练。' },
    }),
  },
} satisfies Record<FindingCode, unknown>;

/** A step as it stands in the middle of a sentence; `planId`: its plan, where that is another than the one that is rehearsed. */
export function namedStep(stepId: string | null, planId: string | null = null): Words {
  if (stepId === null) return { en: 'the plan', zh: '计划' };
  return planId === null ? { en: `the step "${stepId}"`, zh: `步骤“${stepId}”` } : { en: `the step "${stepId}" of the plan "${planId}"`, zh: `计划“${planId}”的步骤“${stepId}”` };
}

function begin(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function quoted(ids: readonly string[]): Words {
  return { en: ids.map((id) => `"${id}"`).join(', '), zh: ids.map((id) => `“${id}”`).join('、') };
}
