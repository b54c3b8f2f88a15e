/**
 * Numbers as people write and say them. `null` means "not one clear number": nothing is guessed, the item is asked again.
 * `decimals` is how many digits stand after the point, so that 38.55 is not silently rounded where one decimal is asked.
 */
export interface WrittenNumber {
  value: number;
  decimals: number;
}

const english: Readonly<Record<string, number>> = {
  zero: 0, none: 0, one: 1, two: 2, three: 3, four: 4, five: 5, six: 6, seven: 7, eight: 8, nine: 9, ten: 10, eleven: 11, twelve: 12, thirteen: 13, fourteen: 14, fifteen: 15, sixteen: 16, seventeen: 17, eighteen: 18, nineteen: 19,
  twenty: 20, thirty: 30, forty: 40, fifty: 50, sixty: 60, seventy: 70, eighty: 80, ninety: 90,
};
const chineseDigits = '零一二三四五六七八九';
const fold: Readonly<Record<string, string>> = { '〇': '零', '○': '零', '两': '二', '兩': '二', '點': '点' };

/** How many decimals count: 8.0 has none. */
const significant = (fraction: string): number => fraction.replace(/0+$/, '').length;

/** A number in digits (`38.5`, `38,5`, `３８．５`), English words (`thirty eight point five`) or Chinese ones (`三十八点五`, `三十八度半`). */
export function readNumber(text: string): WrittenNumber | null {
  const plain = text.normalize('NFKC').toLowerCase().trim();
  return readDigits(plain) ?? readChinese(plain) ?? readEnglish(plain);
}

function readDigits(text: string): WrittenNumber | null {
  const match = /^([+\-−]?\d{1,6})(?:[.,·。度](\d{1,4}))?$/u.exec(text.replace(/度半$/u, '.5'));
  const whole = match?.[1];
  if (match === null || whole === undefined) return null;
  const fraction = match[2] ?? '';
  // "1,200" is twelve hundred to some and one and a fifth to others.
  if (text.includes(',') && fraction.length === 3) return null;
  return { value: Number(`${whole.replace('−', '-')}.${fraction === '' ? '0' : fraction}`), decimals: significant(fraction) };
}

function readChinese(text: string): WrittenNumber | null {
  const folded = Array.from(text).map((character) => fold[character] ?? character).join('').replace(/度半$/, '点五').replace(/半$/, '点五').replace(/度(?=[零一二三四五六七八九]$)/, '点');
  const match = /^(负)?([零一二三四五六七八九十百]+)(?:点([零一二三四五六七八九]{1,4}))?$/.exec(folded);
  if (match?.[2] === undefined) return null;
  const whole = chineseWhole(match[2]);
  if (whole === null) return null;
  const fraction = Array.from(match[3] ?? '').map((digit) => chineseDigits.indexOf(digit)).join('');
  const value = Number(`${whole}.${fraction === '' ? '0' : fraction}`);
  return { value: match[1] === undefined ? value : -value, decimals: significant(fraction) };
}

/** 十 is 10, 三十八 is 38, 一百零五 is 105; 三八 is read digit by digit, as numbers are dictated. */
function chineseWhole(text: string): number | null {
  if (!/[十百]/.test(text)) return text.length <= 3 ? Number(Array.from(text).map((digit) => chineseDigits.indexOf(digit)).join('')) : null;
  const match = /^(?:([一二三四五六七八九])百零?)?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?$/.exec(text);
  if (match === null) return null;
  const digit = (group: string | undefined): number => (group === undefined ? 0 : chineseDigits.indexOf(group));
  const tens = match[3] === undefined ? 0 : match[2] === undefined ? 1 : digit(match[2]);
  return digit(match[1]) * 100 + tens * 10 + digit(match[4]);
}

function readEnglish(text: string): WrittenNumber | null {
  const [wholeText, fractionText, ...more] = text.replace(/-/g, ' ').replace(/ and a half$/, ' point five').split(/ (?:point|dot) /);
  const whole = englishWhole(wholeText?.split(/\s+/) ?? []);
  if (whole === null || more.length > 0) return null;
  if (fractionText === undefined) return { value: whole, decimals: 0 };
  const digits = fractionText.split(/\s+/).map((word) => (/^\d$/.test(word) ? Number(word) : (english[word] ?? Number.NaN)));
  if (digits.length > 4 || digits.some((digit) => !(digit < 10))) return null;
  return { value: Number(`${whole}.${digits.join('')}`), decimals: significant(digits.join('')) };
}

function englishWhole(words: readonly string[]): number | null {
  const read = (word: string): number | null => (/^\d{1,3}$/.test(word) ? Number(word) : Object.hasOwn(english, word) ? (english[word] ?? null) : null);
  const hundred = words.indexOf('hundred');
  if (hundred === 1) {
    const count = read(words[0] ?? '');
    const rest = words.slice(2).filter((word) => word !== 'and');
    const below = rest.length === 0 ? 0 : englishWhole(rest);
    return count === null || below === null || count > 9 || below > 99 ? null : count * 100 + below;
  }
  const [first, second, ...more] = words.map(read);
  if (first === undefined || first === null || more.length > 0) return null;
  if (second === undefined) return first;
  // "30 8" may be two answers; only words are put together.
  if (words.some((word) => /\d/.test(word))) return null;
  return second !== null && first >= 20 && first < 100 && first % 10 === 0 && second > 0 && second < 10 ? first + second : null;
}
