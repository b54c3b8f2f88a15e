import type { Words } from '../domain/words.ts';

/** What staff are to do where a task's kind alone does not say it, by its title. */
const todo: Readonly<Record<string, Words>> = {
  'opted-out-by-another': {
    en: 'Somebody else who has this patient\'s number or mailbox, or had it before, has opted it out: nothing that we begin goes there any more. Ask the patient by another way whether they want to hear from us on it. If so, they text START from it; or withdraw the opt-out in their name (/opt-outs/withdraw), which does not lift a block at the carrier. If not, repair the contact data.',
    zh: '该患者的号码或邮箱已被他人（共用者或原使用者）退订，我们不会再向其主动发送任何内容。请通过其他方式向患者确认是否愿意继续接收。如愿意，请患者用该号码发送 START；或以患者名义撤销退订（/opt-outs/withdraw），但这不能解除运营商的屏蔽。如不愿意，请更新联系方式。',
  },
};

/** Null where the kind says it. */
export function todoOf(title: string): Words | null {
  return todo[title] ?? null;
}
