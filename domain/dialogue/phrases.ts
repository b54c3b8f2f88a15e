import type { Language } from '../codes.ts';
import type { Item } from '../questionnaire/format.ts';

/**
 * The engine's own words in a dialogue, in each language. What is said before identity is known (`identity`, `unheard`,
 * `callerGoodbye`) names the hospital and the person, and nothing that tells of health.
 */
export interface Phrases {
  identity: (hospitalName: string, patientName: string) => string[];
  unheard: string;
  wrongNumber: string;
  caregiver: (hospitalName: string) => string;
  callerGoodbye: string;
  askRecording: string[];
  recordingStarts: string;
  notRecorded: string;
  pressFor: (label: string, key: string) => string;
  keypadNumber: (item: Extract<Item, { kind: 'number' }>) => string;
  speakFreely: string;
  maySkipByVoice: string;
  misunderstood: string;
  outOfRange: (item: Extract<Item, { kind: 'number' }>) => string;
  staffWillCall: string;
  emergency: (emergencyNumber: string) => string;
  goodbye: string;
  replyWithOption: (options: string) => string;
  replyWithNumber: (item: Extract<Item, { kind: 'number' }>) => string;
  replyFreely: string;
  maySkip: string;
}

const range = (item: Extract<Item, { kind: 'number' }>, to: string): string => `${item.min}${to}${item.max}`;
/** A unit as this language says it. The degree sign is not in GSM-7: one would double what an English text costs. */
const spoken = (unit: string, words: Readonly<Record<string, string>>): string => words[unit] ?? unit;

const english: Phrases = {
  identity: (hospitalName, patientName) => [`Hello, this is ${hospitalName}.`, `If you are ${patientName}, press 1.`, `If you care for ${patientName}, press 2.`, 'If this is the wrong number, press 3.'],
  unheard: 'Sorry, we did not get that.',
  wrongNumber: 'Thank you. We are sorry to have disturbed you. We will correct our records. Goodbye.',
  caregiver: (hospitalName) => `Thank you. A member of staff of ${hospitalName} will call. Goodbye.`,
  callerGoodbye: 'We will try again another time. Goodbye.',
  askRecording: ['We would like to record this call, so that staff can listen to your answers.', 'If you agree, press 1.', 'If you do not want it recorded, press 2. The call goes on in either case.'],
  recordingStarts: 'Thank you. The recording starts now.',
  notRecorded: 'This call is not recorded.',
  pressFor: (label, key) => `For ${label}, press ${key}.`,
  keypadNumber: (item) => `Say a number from ${range(item, ' to ')}${item.unit === '' ? '' : ` ${spoken(item.unit, { '°C': 'degrees Celsius', kg: 'kilograms' })}`}, or type it${item.decimals > 0 ? ' with the star key as the decimal point' : ''}, then press the hash key.`,
  speakFreely: 'Please say your answer.',
  maySkipByVoice: 'To leave it out, say skip, or press the star key.',
  misunderstood: 'Sorry, we did not understand that.',
  outOfRange: (item) => `The number must be from ${range(item, ' to ')}.`,
  staffWillCall: 'A member of staff will call you.',
  emergency: (emergencyNumber) => `In an emergency, call ${Array.from(emergencyNumber).join(' ')}.`,
  goodbye: 'Goodbye.',
  replyWithOption: (options) => `Reply ${options}.`,
  replyWithNumber: (item) => `Reply with a number from ${range(item, ' to ')}${item.unit === '' ? '' : ` ${spoken(item.unit, { '°C': 'C' })}`}.`,
  replyFreely: 'Reply in your own words.',
  maySkip: 'Reply SKIP to leave it out.',
};

const chinese: Phrases = {
  identity: (hospitalName, patientName) => [`您好，这里是${hospitalName}。`, `如果您是${patientName}，请按1。`, `如果您是${patientName}的家属或照护人，请按2。`, '如果打错了电话，请按3。'],
  unheard: '抱歉，没有收到您的选择。',
  wrongNumber: '谢谢。抱歉打扰您，我们会更正记录。再见。',
  caregiver: (hospitalName) => `谢谢。${hospitalName}的工作人员会再打电话联系。再见。`,
  callerGoodbye: '我们会另找时间再打。再见。',
  askRecording: ['我们希望对本次通话录音，供工作人员听取您的回答。', '同意请按1。', '不同意录音请按2，通话照常进行。'],
  recordingStarts: '谢谢。现在开始录音。',
  notRecorded: '本次通话不录音。',
  pressFor: (label, key) => `${label}，请按${key}。`,
  keypadNumber: (item) => `请说出${range(item, '到')}之间的数字${item.unit === '' ? '' : `，单位是${spoken(item.unit, { '°C': '摄氏度', kg: '公斤' })}`}，或用按键输入${item.decimals > 0 ? '，星号键表示小数点' : ''}，最后按井号键。`,
  speakFreely: '请说出您的回答。',
  maySkipByVoice: '不想回答请说“跳过”，或按星号键。',
  misunderstood: '抱歉，没有听懂您的回答。',
  outOfRange: (item) => `数字必须在${range(item, '到')}之间。`,
  staffWillCall: '工作人员会打电话联系您。',
  emergency: (emergencyNumber) => `如遇紧急情况，请拨打${Array.from(emergencyNumber).join(' ')}。`,
  goodbye: '再见。',
  replyWithOption: (options) => `请回复 ${options}。`,
  replyWithNumber: (item) => `请回复${range(item, '到')}之间的数字${item.unit === '' ? '' : `（${item.unit}）`}。`,
  replyFreely: '请用您自己的话回复。',
  maySkip: '不想回答请回复“跳过”。',
};

export const phrases: Readonly<Record<Language, Phrases>> = { en: english, zh: chinese };
