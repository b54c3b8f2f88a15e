import type { Words } from '../domain/words.ts';

/** Two who share a number, of whom one wants to hear from us and one does not, cannot both be served on it. */
export const askEverybody: Words = {
  en: 'Ask everyone who has this number. If all of them want to hear from us on it, START from it lifts the opt-out at once, and a block at the carrier; for a mailbox, or where nobody can text, it is withdrawn in the name of each patient for whom it counts (/opt-outs/withdraw). If one does not, repair the contact data of the others.',
  zh: '请向使用该号码或邮箱的每个人确认。如所有人都愿意接收，用该号码发送 START 即可立即恢复，并解除运营商的屏蔽；如为邮箱或无法发送短信，须以退订所涉及的每位患者的名义分别撤销（/opt-outs/withdraw）。如有人不愿意，请更新其他人的联系方式。',
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
};

/** Null where the kind says it. */
export function todoOf({ title, kind }: { title: string; kind: string }): Words | null {
  return todo[title] ?? todo[kind] ?? null;
}
