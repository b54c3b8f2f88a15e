import { touchpointOutcomes } from '../codes.ts';
import type { Language } from '../codes.ts';
import { intoPrefix } from '../follow-up/touchpoints.ts';
import type { Plan } from '../plan/format.ts';
import { becauseWords, outcomeWords } from '../words.ts';
import type { Entry } from './types.ts';

/** An entry as a sentence, in both languages: what an author reads in the table, and a console shows. */
export function wordsOf(plan: Plan, entry: Omit<Entry, 'at' | 'localTime' | 'words'>): Record<Language, string> {
  const outcome = entry.outcome ?? '';
  const reason = entry.reason ?? '';
  const because = becauseOf(reason);
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

function endedWords(outcome: string, because: Record<Language, string>): Record<Language, string> {
  const known = touchpointOutcomes.find((each) => each === outcome);
  const { en, zh } = known === undefined ? { en: outcome, zh: outcome } : outcomeWords[known];
  return { en: `${en.charAt(0).toUpperCase()}${en.slice(1)}${because.en}.`, zh: `${zh}${because.zh}。` };
}

/** What it goes along with is told by a line of its own. */
function becauseOf(reason: string): Record<Language, string> {
  return becauseWords(reason.startsWith(intoPrefix) ? null : reason);
}
