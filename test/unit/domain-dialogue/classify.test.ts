import { describe, expect, test } from 'vitest';
import { classifyInbound } from '../../../domain/dialogue/classify.ts';

const kinds = (texts: readonly string[]): string[] => texts.map((text) => `${text} -> ${classifyInbound(text).kind}`);
const all = (texts: readonly string[], kind: string): string[] => texts.map((text) => `${text} -> ${kind}`);
const certainty = (text: string): string => {
  const kind = classifyInbound(text);
  return kind.kind === 'safety' ? kind.certainty : kind.kind;
};

describe('opting out', () => {
  const words = ['STOP', 'stop.', ' Stop! ', 'ＳＴＯＰ', '🛑 stop 🛑', 'S​TOP', 'quit', 'END', 'Revoke', 'opt out', 'Opt-Out', 'cancel', 'unsubscribe', 'STOP ALL', '退订', '退訂', '退订。', 'TD', 'td', 'ＴＤ', 'T', 'R', '拒收', '“退订”'];

  test('is any of the words as the whole message, whatever its case, width or punctuation', () => {
    expect(kinds(words)).toEqual(all(words, 'opt-out'));
  });

  const longer = ['STOP 12345', "please don't stop", 'stop it please', 'Please stop texting me', 'do not contact me again', 'i want to unsubscribe from this', 'remove my number', '请不要再发短信给我了', '我要退订这个服务', 'cancel please', 'I had to stop taking the pills'];

  test('is never read out of a longer message: a human reads that', () => {
    expect(kinds(longer)).toEqual(all(longer, 'doubtful-opt-out'));
  });

  const ordinary = ['8', 'yes', 'no', 'Y', '38.5', 'see you on the weekend', 'my appointment was cancelled by you, when is the new one', 'T 37.2', 'right', '好的', '', '   ', '👍', 'a friend called'];

  test('is not seen in answers and ordinary words', () => {
    expect(kinds(ordinary)).toEqual(all(ordinary, 'other'));
  });

  test('START, 恢复 and HELP are known; "yes" is an answer', () => {
    expect([classifyInbound('Start').kind, classifyInbound('恢复').kind, classifyInbound('HELP').kind, classifyInbound('帮助').kind, classifyInbound('yes').kind]).toEqual(['opt-in', 'opt-in', 'help', 'help', 'other']);
  });
});

describe('danger', () => {
  const stated = [
    'I have chest pain', 'chest pain', 'CHEST PAIN!!!', 'My chest hurts', "I can't breathe", 'i can’t breathe', 'cant breathe', 'bleeding heavily from the cut', 'I want to kill myself', 'I am going to end my life', 'I have chest pain what should I do?', 'no, I have chest pain', 'not feeling well I have chest pain', 'no fever but I cant breathe', "no chest pain but I can't breathe", 'is chest pain normal? I cannot breathe', '没有胸痛，但是喘不上气', 'chest\npain started an hour ago, I cannot breathe',
    'STOP I cant breathe', '8, and chest pain', '胸痛', '我胸痛', '我现在胸 痛', '特别胸闷', '呼吸困难', '喘不上气', '我没办法呼吸', '大出血', '伤口流血不止', '我想自杀', '不想活了', '没有发烧，但是胸痛', '我胸痛怎么办？', '救命', 'help me', 'ＣＨＥＳＴ ＰＡＩＮ', '呼吸困難', '自殺',
  ];

  test('is stated when a clause states it, whatever else is denied', () => {
    expect(stated.filter((text) => certainty(text) !== 'stated')).toEqual([]);
  });

  const doubtful = ['no chest pain', "I don't have chest pain", 'I dont think I have chest pain', 'no sign of any chest pain today', 'never had shortness of breath', 'without chest pain', 'is chest pain normal?', 'Is chest pain normal', 'what if I get chest pain?', 'should I worry about chest pain?', 'chest pain?', 'chest pain has gone', '没有胸痛', '没胸痛', '无胸痛、呼吸困难', '有没有可能胸痛', '胸痛正常吗', '如果胸痛怎么办', '我从来没有想自杀', "I don't want to kill myself"];

  test('is doubtful when it is denied, asked about or supposed: a human decides', () => {
    expect(doubtful.filter((text) => certainty(text) !== 'doubtful')).toEqual([]);
  });

  const harmless = ['pain 3', 'the chest of drawers', 'a little blood on the bandage', '有点疼', '8', 'I feel better'];

  test('is not seen where there is none', () => {
    expect(kinds(harmless)).toEqual(all(harmless, 'other'));
  });
});
