import type { Language } from '../codes.ts';
import type { Plan } from '../plan/format.ts';
import type { Entry } from './types.ts';

/** An entry as a sentence, in both languages: what an author reads in the table, and a console shows. */
export function wordsOf(plan: Plan, entry: Omit<Entry, 'at' | 'localTime' | 'words'>): Record<Language, string> {
  const outcome = entry.outcome ?? '';
  const reason = entry.reason ?? '';
  const because = { en: reasonIn('en', reason), zh: reasonIn('zh', reason) };
  const title = plan.steps.find((step) => step.id === entry.stepId)?.title;
  const step = { en: title?.en ?? plan.title.en, zh: title?.zh ?? title?.en ?? plan.title.zh ?? plan.title.en };
  switch (entry.kind) {
    case 'message':
      return { en: `Sent: ${step.en}.`, zh: `已发送：${step.zh}。` };
    case 'merged':
      return { en: `Goes along in the message of "${outcome}".`, zh: `并入“${outcome}”的消息一起发送。` };
    case 'question':
      return { en: `Asked: ${step.en}.`, zh: `已提问：${step.zh}。` };
    case 'nudge':
      return { en: 'The open question is asked again.', zh: '再次提问未回答的问题。' };
    case 'call':
      return { en: `A call is placed (${outcome}).`, zh: `拨打电话（${outcome}）。` };
    case 'reply':
      return entry.channel === 'voice' ? { en: `The call ended: ${outcome}.`, zh: `通话结束：${outcome}。` } : { en: 'The patient writes.', zh: '患者回复。' };
    case 'answer':
      return { en: 'We answer.', zh: '系统答复。' };
    case 'held':
      return { en: `Held until ${outcome}${because.en}.`, zh: `暂缓至${outcome}${because.zh}。` };
    case 'not-sent':
      return { en: `Not sent${because.en}.`, zh: `未发送${because.zh}。` };
    case 'undelivered':
      return { en: `It reached nobody (${reason}).`, zh: `未送达（${reason}）。` };
    case 'step-ended':
      return endedWords(outcome, because);
    case 'step-moved':
      return { en: `Moved to ${outcome}, because it was late.`, zh: `因延误改到${outcome}。` };
    case 'task':
      return { en: `A task for staff: ${outcome}${reason === '' || reason === outcome ? '' : ` (${reason})`}.`, zh: `工作人员任务：${outcome}${reason === '' || reason === outcome ? '' : `（${reason}）`}。` };
    case 'alert':
      return { en: `A ${outcome} alert is opened by ${reason}.`, zh: `${reason}触发${outcome === 'red' ? '红色' : '黄色'}警报。` };
    case 'page':
      return { en: `${outcome} is paged.`, zh: `呼叫${outcome}。` };
    case 'acknowledged':
      return { en: `${outcome} takes the alert.`, zh: `${outcome}接手警报。` };
    case 'alert-closed':
      return { en: 'The alert is closed: the patient was reached.', zh: '已联系到患者，警报关闭。' };
    case 'alert-goes-on':
      return { en: 'Nobody ends the alert: paging repeats until somebody does.', zh: '无人结束警报：将持续呼叫。' };
    case 'branch':
      return outcome === 'confirm' ? { en: 'It is asked once more, to confirm.', zh: '将再次测量以确认。' } : { en: `"${outcome}" begins now and leads to: ${reason === '' ? 'no step' : reason}.`, zh: `“${outcome}”现在开始，进入：${reason === '' ? '无步骤' : reason}。` };
    case 'tag':
      return outcome === 'removed' ? { en: `The tag ${reason} is taken away.`, zh: `去掉标签${reason}。` } : { en: `The tag ${reason} is put on.`, zh: `加上标签${reason}。` };
    case 'outside':
      return { en: `From outside: ${outcome}${reason === '' ? '' : ` (${reason})`}.`, zh: `外部事件：${outcome}${reason === '' ? '' : `（${reason}）`}。` };
    case 'plan-ended':
      return { en: `The follow-up ends: ${outcome}.`, zh: `随访结束：${outcome}。` };
    case 'stopped':
      return reason === 'until' ? { en: 'The rehearsal looks no further.', zh: '排练到此为止。' } : { en: 'The rehearsal is cut short here: the plan does more than it can show.', zh: '内容过多，排练在此截止。' };
  }
}

const outcomes: Readonly<Record<string, Record<Language, string>>> = {
  answered: { en: 'Answered', zh: '已回答' },
  delivered: { en: 'Delivered', zh: '已送达' },
  'sent-unconfirmed': { en: 'Sent, and nobody knows whether it arrived', zh: '已发送，未确认送达' },
  merged: { en: 'Delivered in one message with another', zh: '已并入其他消息送达' },
  missed: { en: 'Skipped', zh: '未进行' },
  waived: { en: 'Skipped', zh: '未进行' },
  escalated: { en: 'Given to staff', zh: '已转交工作人员' },
  failed: { en: 'Failed', zh: '失败' },
};

function endedWords(outcome: string, because: Record<Language, string>): Record<Language, string> {
  const known = outcomes[outcome] ?? { en: outcome, zh: outcome };
  return { en: `${known.en}${because.en}.`, zh: `${known.zh}${because.zh}。` };
}

const reasons: Readonly<Record<string, Record<Language, string>>> = {
  'no-answer': { en: 'nobody answered', zh: '无人回答' },
  partial: { en: 'not all was answered', zh: '未全部回答' },
  late: { en: 'it was too late', zh: '已过时限' },
  moved: { en: 'it was moved and is late again', zh: '改期后仍延误' },
  'quiet-hours': { en: 'of quiet hours', zh: '处于免打扰时段' },
  'daily-cap': { en: 'the patient has had as many contacts as a day may have', zh: '当日联系次数已达上限' },
  'weekly-cap': { en: 'the patient has had as many contacts as a week may have', zh: '一周联系次数已达上限' },
  'channel-cap': { en: 'the patient has had as many contacts by this channel as a day or a week may have', zh: '该渠道联系次数已达上限' },
  spacing: { en: 'the patient was contacted a moment ago', zh: '刚刚联系过患者' },
  'number-busy': { en: 'another conversation holds the number', zh: '该号码正在进行另一对话' },
  'missing-translation': { en: 'there is no approved text in this language', zh: '没有该语言的已批准文本' },
  'text-cannot-be-sent': { en: 'the text cannot be sent as it is', zh: '文本无法发送' },
  'opted-out': { en: 'the number has opted out', zh: '该号码已退订' },
  'no-consent': { en: 'there is no consent for this channel', zh: '该渠道未获同意' },
  'no-address': { en: 'there is no address for this channel', zh: '该渠道没有地址' },
  'address-suspended': { en: 'the number is suspended', zh: '该号码已停用' },
  deceased: { en: 'the patient has died', zh: '患者已去世' },
  admitted: { en: 'the patient is in hospital', zh: '患者住院' },
  inactive: { en: 'the patient is out of the programme', zh: '患者已退出' },
  paused: { en: 'it came due during a pause', zh: '暂停期间到期' },
  'condition-not-met': { en: 'its condition does not hold', zh: '条件不满足' },
  'condition-unknown': { en: 'its condition cannot be decided', zh: '条件无法判定' },
  contraindicated: { en: 'it is contraindicated', zh: '存在禁忌' },
  'contraindication-unknown': { en: 'nobody can say whether it is contraindicated', zh: '无法判定是否存在禁忌' },
  'branch-not-taken': { en: 'nothing led to it', zh: '未进入该分支' },
  'given-to-staff': { en: 'the answers were not understood', zh: '回答无法识别' },
  '30006': { en: 'the number takes no texts', zh: '该号码无法接收短信' },
  'no-receipt': { en: 'no receipt came', zh: '未收到回执' },
  rule: { en: 'a rule has ended the follow-up', zh: '规则已结束随访' },
};

function reasonIn(language: Language, reason: string): string {
  if (reason === '' || reason.startsWith('into:')) return '';
  const known = Object.hasOwn(reasons, reason) ? reasons[reason] : undefined;
  return language === 'en' ? `, because ${known?.en ?? `of: ${reason}`}` : `，原因：${known?.zh ?? reason}`;
}
