/** Words by which a text or a prompt is known at the phone, in both languages. They stand in templates/ and domain/dialogue. */
export const words = {
  welcome: { en: 'you asked us to stay in touch', zh: '与您保持联系' },
  pain: { en: 'How strong is your pain now', zh: '您现在有多痛' },
  nudge: { en: 'we have not had your answer yet', zh: '还没有收到您的回答' },
  thanks: { en: 'Your answer is recorded', zh: '您的回答已记录' },
  stopped: { en: 'you will get no more messages', zh: '不会再向此号码发送消息' },
  advice: { en: 'your message may need help at once', zh: '您的情况可能需要立即帮助' },
  danger: { en: 'chest pain', zh: '胸痛' },
  concerns: { en: 'anything else that worries you', zh: '还有什么担心的事' },
  identity: { en: 'press 1', zh: '请按1' },
  askRecording: { en: 'would like to record', zh: '希望对本次通话录音' },
  notRecorded: { en: 'This call is not recorded', zh: '本次通话不录音' },
  visit: { en: 'please remember your check-up', zh: '请记得按时复诊' },
  preparation: { en: 'your appointment is tomorrow', zh: '您的预约在明天' },
  page: 'an escalation is waiting for you',
  taken: 'is yours',
} as const;

export type Spoken = Exclude<keyof typeof words, 'page' | 'taken'>;
