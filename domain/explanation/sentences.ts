import { touchpointOutcomes } from '../codes.ts';
import type { Plan, Step } from '../plan/format.ts';
import type { StoryLine } from './decisions.ts';
import { detailWords } from './details.ts';
import { becauseWords, outcomeWords, worded } from '../words.ts';
import type { Words } from '../words.ts';

const happened: Readonly<Record<string, Words>> = {
  'enrolment.started': { en: 'The follow-up began', zh: '随访开始' },
  'enrolment.paused': { en: 'The follow-up was paused', zh: '随访已暂停' },
  'enrolment.resumed': { en: 'The follow-up was resumed', zh: '随访已恢复' },
  'enrolment.ended': { en: 'The follow-up ended', zh: '随访已结束' },
  'enrolment.anchor-moved': { en: 'A date of the plan was changed', zh: '计划日期已更改' },
  'enrolment.migrated': { en: 'The follow-up was moved to another version of its plan', zh: '随访已转入计划的另一版本' },
  'enrolment.facts-changed': { en: 'Facts were changed', zh: '事实信息已更改' },
  'enrolment.tags-changed': { en: 'Tags were changed', zh: '标签已更改' },
  'enrolment.step-waived': { en: 'was waived', zh: '已由工作人员取消' },
  'enrolment.appointment-booked': { en: 'An appointment was booked', zh: '已预约' },
  'enrolment.appointment-moved': { en: 'An appointment was moved', zh: '预约已改期' },
  'enrolment.appointment-cancelled': { en: 'An appointment was cancelled', zh: '预约已取消' },
  'enrolment.appointment-missed': { en: 'Nobody came to an appointment', zh: '患者未赴约' },
  'patient.contact-repaired': { en: 'Contact data was repaired', zh: '联系方式已更正' },
  'patient.consent-changed': { en: 'Consent was changed', zh: '同意已变更' },
  'patient.opted-out': { en: 'A number or mailbox was opted out', zh: '号码或邮箱已退订' },
  'patient.opted-in': { en: 'A number or mailbox was opted in again', zh: '号码或邮箱已恢复接收' },
  'patient.zone-changed': { en: 'The patient\'s time zone was changed', zh: '患者时区已更改' },
  ...Object.fromEntries(touchpointOutcomes.map((outcome) => [`touchpoint.${outcome}`, outcomeWords[outcome]])),
  'touchpoint.sent': { en: 'sent', zh: '已发送' },
  'touchpoint.merging': { en: 'going out in one message with another reminder', zh: '正与另一条提醒合并发送' },
  'touchpoint.held': { en: 'put off', zh: '已推迟' },
  'conversation.contact-ended': { en: 'was tried', zh: '已尝试联系' },
  'conversation.receipt': { en: 'got a delivery receipt', zh: '已收到送达回执' },
  'conversation.answered-item': { en: 'got an answer', zh: '收到一条回答' },
  'conversation.completed': { en: 'was answered whole', zh: '已全部回答' },
  'conversation.call-ended': { en: 'the call ended', zh: '通话结束' },
  'conversation.cancelled': { en: 'was cancelled', zh: '已取消' },
  'conversation.consent-withdrawn': { en: 'is not to be asked in this way any more', zh: '不再以此方式询问' },
  'conversation.paused': { en: 'was paused', zh: '已暂停' },
  'conversation.resumed': { en: 'went on', zh: '已继续' },
  'escalation.opened': { en: 'opened an alert', zh: '触发警报' },
  'escalation.page-ended': { en: 'staff were paged', zh: '已呼叫工作人员' },
  'escalation.page-receipt': { en: 'a page was reported on', zh: '呼叫回执' },
  'escalation.page-held': { en: 'a page waits for business hours', zh: '呼叫等待工作时间' },
  'escalation.person-skipped': { en: 'a person of the rota was skipped', zh: '跳过一名值班人员' },
  'escalation.rota-exhausted': { en: 'nobody of a rota could be paged', zh: '值班表无人可呼叫' },
  'escalation.acknowledged': { en: 'the alert was taken', zh: '警报已接手' },
  'escalation.closed': { en: 'the alert was closed', zh: '警报已关闭' },
};

/**
 * A line of the story as a sentence: step, what happened, why, and what belongs to it, with days and hours as the patient's wall shows them.
 * Whoever did it is written `person/<id>`. A line of an unknown kind is told by its code.
 */
export function sentenceOf(line: StoryLine, step: Step | undefined, plan: Plan, zone: string): Words {
  const { what, detail } = line;
  // That a message was delivered is no reason for it.
  const because = becauseWords(typeof detail['reason'] === 'string' && detail['delivered'] !== true ? detail['reason'] : null);
  const named = detail['step'];
  const title = step?.title ?? plan.steps.find(({ id }) => id === named)?.title ?? (typeof named === 'string' ? { en: named } : null);
  return worded((language) => {
    const subject = title === null ? '' : `${title[language] ?? title.en}${{ en: ': ', zh: '：' }[language]}`;
    const beside = detailWords(line, plan, zone, language).join({ en: ', ', zh: '，' }[language]);
    const inBrackets = beside === '' ? '' : { en: ` (${beside})`, zh: `（${beside}）` }[language];
    return `${subject}${happened[what]?.[language] ?? what}${because[language]}${inBrackets}${{ en: '.', zh: '。' }[language]}`;
  });
}
