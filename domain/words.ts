import type { Channel, Language, TouchpointOutcome } from './codes.ts';

/** The same sentence in each language that staff read. */
export type Words = Record<Language, string>;

/** How a planned contact ended. A rehearsal, an explanation and the list of steps say it alike. */
export const outcomeWords: Readonly<Record<TouchpointOutcome, Words>> = {
  answered: { en: 'answered', zh: '已回答' },
  delivered: { en: 'delivered', zh: '已送达' },
  'sent-unconfirmed': { en: 'sent, delivery not confirmed', zh: '已发送，未确认送达' },
  missed: { en: 'missed', zh: '未完成' },
  merged: { en: 'sent in one message with another', zh: '已与另一条合并发送' },
  waived: { en: 'left out', zh: '已略过' },
  escalated: { en: 'given to staff', zh: '已转交工作人员' },
  failed: { en: 'failed', zh: '失败' },
};

/** The way that something goes. */
export const wayWords: Readonly<Record<Channel | 'staff', Words>> = {
  sms: { en: 'by SMS', zh: '短信' },
  voice: { en: 'by call', zh: '电话' },
  email: { en: 'by e-mail', zh: '电子邮件' },
  staff: { en: 'for staff', zh: '人工' },
};

/** Why a step was held, left out or ended: the codes of the gate, of deciders and of providers, as staff say them. A rehearsal says the same. */
const reasons: Readonly<Record<string, Words>> = {
  'quiet-hours': { en: 'it is outside contact hours where the patient is', zh: '患者当地不在可联系时段' },
  'daily-cap': { en: 'the patient has had as many contacts in 24 hours as is allowed', zh: '24 小时内的联系次数已达上限' },
  'weekly-cap': { en: 'the patient has had as many contacts in seven days as is allowed', zh: '7 天内的联系次数已达上限' },
  'channel-cap': { en: 'the patient has had as many contacts by this channel as is allowed', zh: '该渠道的联系次数已达上限' },
  spacing: { en: 'the last contact was only just made', zh: '距上一次联系时间过短' },
  'number-busy': { en: 'another conversation is open on this number', zh: '该号码上还有另一个对话' },
  'reply-waiting': { en: 'the patient has just written, and that is read first', zh: '患者刚刚来信，先处理来信' },
  'missing-translation': { en: 'no approved text exists in the patient\'s language', zh: '患者语言的文本尚未批准' },
  'text-cannot-be-sent': { en: 'the text cannot be sent as it is', zh: '文本无法按原样发送' },
  'ledger-behind': { en: 'the audit ledger is behind', zh: '审计账本滞后' },
  'provider-busy': { en: 'the provider asked to wait', zh: '运营商要求等待' },
  overtaken: { en: 'its authorisation was too old to be used', zh: '授权已过时' },
  'no-consent': { en: 'there is no consent for this channel', zh: '该渠道没有患者同意' },
  'consent-withdrawn': { en: 'the consent was withdrawn', zh: '患者已撤回同意' },
  'opted-out': { en: 'the number or mailbox is opted out', zh: '该号码或邮箱已退订' },
  'no-address': { en: 'there is no number or mailbox for this channel', zh: '该渠道没有号码或邮箱' },
  'address-suspended': { en: 'the number or mailbox is suspended until it is repaired', zh: '该号码或邮箱已暂停，待核实' },
  '30006': { en: 'the number takes no texts', zh: '该号码无法接收短信' },
  deceased: { en: 'the patient has died', zh: '患者已去世' },
  admitted: { en: 'the patient is in hospital', zh: '患者住院中' },
  inactive: { en: 'the patient is out of the programme', zh: '患者已退出项目' },
  expired: { en: 'it was too late by the plan\'s own bound', zh: '已超过计划允许的时限' },
  late: { en: 'it was too late by the plan\'s own bound', zh: '已超过计划允许的时限' },
  moved: { en: 'it was late, and the plan moves it to a later day', zh: '已延误，按计划改到之后的日期' },
  'late-again': { en: 'it was moved to a later day, and is late for that, too', zh: '改期后仍然延误' },
  paused: { en: 'the follow-up was paused', zh: '随访已暂停' },
  'condition-not-met': { en: 'its condition did not hold', zh: '条件不成立' },
  'condition-unknown': { en: 'nobody could say whether its condition holds', zh: '无法判断条件是否成立' },
  contraindicated: { en: 'it is not for this patient: an exclusion holds', zh: '不适用于该患者：存在排除条件' },
  'contraindication-unknown': { en: 'nobody could say whether an exclusion holds', zh: '无法判断是否存在排除条件' },
  'branch-not-taken': { en: 'no answer led to it', zh: '没有回答引向此步骤' },
  'series-changed': { en: 'it is no part of its series any more', zh: '不再属于该系列' },
  'step-dropped': { en: 'the plan does not have it any more', zh: '计划不再包含此步骤' },
  'appointment-cancelled': { en: 'its appointment was cancelled', zh: '预约已取消' },
  'no-answer': { en: 'nobody answered', zh: '无人回答' },
  partial: { en: 'only a part was answered', zh: '只回答了一部分' },
  busy: { en: 'the line was busy', zh: '电话占线' },
  machine: { en: 'a machine took the call', zh: '由留言机接听' },
  silence: { en: 'nobody spoke', zh: '接通后无人说话' },
  'hung-up': { en: 'the call was hung up', zh: '通话被挂断' },
  failed: { en: 'the call did not come through', zh: '电话未接通' },
  caregiver: { en: 'a caregiver took the call', zh: '由照护者接听' },
  'wrong-number': { en: 'the number is somebody else\'s', zh: '号码属于他人' },
  'given-to-staff': { en: 'the answers were not understood', zh: '回答无法识别' },
  'outcome-unknown': { en: 'nobody can tell whether it went out', zh: '无法确认是否已发出' },
  'no-receipt': { en: 'no delivery receipt came in time', zh: '未在期限内收到送达回执' },
  'contact-repaired': { en: 'contact data was repaired, so it is offered again', zh: '联系方式已更正，重新提供' },
  'consent-changed': { en: 'the consent changed', zh: '同意已变更' },
  withdrawn: { en: 'the follow-up was withdrawn', zh: '随访已退出' },
  completed: { en: 'every step has ended', zh: '所有步骤均已结束' },
  'patient-reached': { en: 'the patient was reached', zh: '已联系到患者' },
  'patient-in-care': { en: 'the patient is in care', zh: '患者已在接受诊治' },
  'false-alarm': { en: 'it was a false alarm', zh: '误报' },
  duplicate: { en: 'another alert tells the same', zh: '与另一警报重复' },
  'handed-to-emergency': { en: 'it was handed to the emergency service', zh: '已转交急救' },
  'no-phone': { en: 'there is no phone number', zh: '没有电话号码' },
  rule: { en: 'a rule of the plan ended the follow-up', zh: '计划规则已结束随访' },
  staff: { en: 'staff ended the follow-up', zh: '工作人员已结束随访' },
  task: { en: 'it is a task for staff', zh: '这是人工任务' },
  review: { en: 'it is a review for staff', zh: '这是人工复核' },
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A reason in words, as "because" goes on; a code that has none, such as a provider's own, as it stands. */
export function reasonWords(code: string): Words {
  const into = /^into:(.+)$/.exec(code)?.[1];
  if (into !== undefined && uuid.test(into)) return { en: 'it goes in one message with another reminder', zh: '与另一条提醒合并为一条消息' };
  if (into !== undefined) return { en: `it went together with ${into}`, zh: `已与 ${into} 合并` };
  const [, passed, version] = /^passed-(before|in)-version-(\d+)$/.exec(code) ?? [];
  if (passed === 'before') return { en: `its time was over when the patient was moved to version ${version}`, zh: `转入版本 ${version} 时其时间已过` };
  if (passed === 'in') return { en: `version ${version} of the plan has it at a time that was over`, zh: `版本 ${version} 中其时间已过` };
  const [, dropped, whose] = /^dropped by version (\d+), (.+)$/.exec(code) ?? [];
  if (dropped !== undefined) return { en: `version ${dropped} of the plan does not have it (${whose})`, zh: `计划版本 ${dropped} 不再包含此步骤（${whose}）` };
  const [, who, why] = /^waived by (\S+): (.+)$/.exec(code) ?? [];
  if (who !== undefined) return { en: `${who} waived it: ${why}`, zh: `${who} 取消了它：${why}` };
  return (Object.hasOwn(reasons, code) ? reasons[code] : undefined) ?? { en: `of: ${code}`, zh: code };
}

/** What follows a statement, with the comma before it; nothing where there is no reason. */
export function becauseWords(reason: string | null): Words {
  if (reason === null || reason === '') return { en: '', zh: '' };
  const words = reasonWords(reason);
  return { en: `, because ${words.en}`, zh: `，原因：${words.zh}` };
}

/** Joins sentences' parts in each language. */
export function worded(parts: (language: Language) => string): Words {
  return { en: parts('en'), zh: parts('zh') };
}
