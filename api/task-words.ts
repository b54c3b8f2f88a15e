import type { Words } from '../domain/words.ts';

/** Two who share a number, of whom one wants to hear from us and one does not, cannot both be served on it. */
export const askEverybody: Words = {
  en: 'Ask everyone who has this number. If all of them want to hear from us on it, START from it lifts what a STOP has done, and a block at the carrier; what staff recorded, and whatever was done where nobody can text or for a mailbox, is withdrawn in the name of each patient for whom it counts (/opt-outs/withdraw). If one does not, repair the contact data of the others.',
  zh: '请向使用该号码或邮箱的每个人确认。如所有人都愿意接收：用该号码发送 START 可撤销由 STOP 产生的退订，并解除运营商的屏蔽；由工作人员登记的退订，以及邮箱或无法发送短信时的退订，须以所涉及的每位患者的名义分别撤销（/opt-outs/withdraw）。如有人不愿意，请更新其他人的联系方式。',
};

/** What staff are to do where a task's kind alone does not say it, by its title or its kind. */
const todo: Readonly<Record<string, Words>> = {
  'opted-out-for-all': {
    en: `This patient's number or mailbox has been opted out, perhaps by somebody else who has it or had it before: nothing that we begin goes there any more. ${askEverybody.en}`,
    zh: `该患者的号码或邮箱已被退订，可能是由共用者或原使用者操作，我们不会再向其主动发送任何内容。${askEverybody.zh}`,
  },
  // Its title names the appointment as the plan does.
  'appointment-cancelled': {
    en: 'An appointment of this follow-up was cancelled, and no other is booked: its steps wait for it, and questions or messages that were to come until then go on without an end. Book another (/appointments/{anchor}, action book), or end the follow-up (/withdraw) if none is needed. If one is booked by now, close this task.',
    zh: '该随访的一次预约已取消，且未另行预约：相关步骤仍在等待，原定持续到预约日的提问或消息将一直继续，没有结束日期。请重新预约（/appointments/{anchor}，action 为 book）；如不再需要，请结束随访（/withdraw）。如已重新预约，请关闭本任务。',
  },
  inbox: {
    en: 'A text that the machine leaves to you: read it (/message), see to it, and close this task. Nothing else answers it.',
    zh: '系统无法处理、需由您处理的来信：请阅读（/message）并处理，然后关闭本任务。系统不会再作答复。',
  },
  'staff-call': {
    en: 'Ring the patient: a call of ours reached nobody, ended half-way, or was taken by somebody who cares for them. Due within minutes, it was cut off by a fault of ours, and nobody knows what the patient said last: it may be an alarm, so ask that first.',
    zh: '请致电患者：系统的电话无人接听、中途结束，或由照护人接听。如要求在数分钟内处理，说明通话因系统故障中断，患者最后的回答未能听清，可能属于紧急情况，请首先询问。',
  },
  'doubtful-safety': {
    en: 'A text with words of danger: read it (/message), ring the patient, and see to the alert that is open besides.',
    zh: '来信中含有危险信号：请阅读（/message），致电患者，并处理同时开启的警报。',
  },
  'advice-not-sent': {
    en: 'This patient wrote of an emergency, and is not known to have got our answer, which says to call the emergency number: ring them now. The alert is open besides.',
    zh: '该患者来信提及紧急情况，但无法确认其已收到我们让其拨打急救电话的回复：请立即致电患者。相关警报仍在处理中。',
  },
  'answer-not-sent': {
    en: 'What this patient wrote was taken in, but they are not known to have got our answer (a confirmation, the next question, or that staff read it). Tell them, or ask what was to be asked.',
    zh: '已收到该患者的来信，但无法确认其已收到我们的回复（确认信息、下一个问题，或“工作人员将阅读”的说明）。请告知患者，或补问相关问题。',
  },
  'opted-in-by-start': {
    en: 'START came from this patient\'s phone and has lifted the opt-out there. It does not say who wrote it: ask the patient whether they want to hear from us on it. If not, record it (/opt-outs).',
    zh: '该患者的号码发来 START，退订已撤销。但无法得知是谁发送的：请向患者确认是否愿意在该号码接收消息；如不愿意，请登记退订（/opt-outs）。',
  },
  'start-left-opted-out': {
    en: `START came from this patient's phone, and it stays opted out: what staff recorded is not lifted by a phone that several may have. ${askEverybody.en}`,
    zh: `该患者的号码发来 START，但退订仍然有效：号码可能由多人共用时，工作人员登记的退订不会因此撤销。${askEverybody.zh}`,
  },
};

/** Null where the kind says it. */
export function todoOf({ title, kind }: { title: string; kind: string }): Words | null {
  return todo[title] ?? todo[kind] ?? null;
}
