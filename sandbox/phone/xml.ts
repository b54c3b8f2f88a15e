/** A strict reader for the XML that TwiML is: elements, attributes, text, CDATA, comments; no DTD, which could only do harm. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  /** In document order. */
  children: (XmlElement | string)[];
}

/** Not well-formed XML; the provider calls it error 12100. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&([^;]*;|)/g, (whole, body: string) => {
    const name = body.slice(0, -1);
    const known = entities[name];
    if (known !== undefined) return known;
    const digits = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name);
    const point = digits === null ? NaN : Number.parseInt(digits[1] ?? digits[2] ?? '', digits[1] === undefined ? 10 : 16);
    if (Number.isNaN(point) || point > 0x10ffff) throw new XmlError(`"${whole}" is not an entity; write & as &amp;.`);
    return String.fromCodePoint(point);
  });
}

const nameForm = '[A-Za-z_][\\w:.-]*';
const token = new RegExp(
  `<!--[\\s\\S]*?-->|<\\?[\\s\\S]*?\\?>|<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>|<(/?)(${nameForm})((?:\\s+${nameForm}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>|([^<]+)`,
  'y',
);
const attribute = new RegExp(`(${nameForm})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g');

function readAttributes(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', double, single] of text.matchAll(attribute)) {
    if (name in found) throw new XmlError(`The attribute ${name} stands twice.`);
    found[name] = decode(double ?? single ?? '');
  }
  return found;
}

/** @throws {XmlError} when the text is not one well-formed element. */
export function parseXml(text: string): XmlElement {
  const source = text.replace(/^\uFEFF/, '');
  const root: XmlElement = { name: '', attributes: {}, children: [] };
  const open: XmlElement[] = [root];
  token.lastIndex = 0;
  while (token.lastIndex < source.length) {
    const at = token.lastIndex;
    const match = token.exec(source);
    const parent = open.at(-1);
    if (match === null || parent === undefined) throw new XmlError(`Not well-formed at character ${at}.`);
    const [, cdata, slash, name, attributes, selfClosing, plain] = match;
    if (plain !== undefined || cdata !== undefined) {
      const content = plain === undefined ? (cdata ?? '') : decode(plain);
      if (parent === root && content.trim() !== '') throw new XmlError('Text stands outside the document element.');
      if (parent !== root) parent.children.push(content);
    } else if (name !== undefined && slash === '/') {
      if (parent.name !== name || parent === root) throw new XmlError(`</${name}> closes nothing that is open.`);
      open.pop();
    } else if (name !== undefined) {
      const element: XmlElement = { name, attributes: readAttributes(attributes ?? ''), children: [] };
      parent.children.push(element);
      if (selfClosing !== '/') open.push(element);
    }
  }
  const elements = childElements(root);
  const [only] = elements;
  if (open.length !== 1 || elements.length !== 1 || only === undefined) throw new XmlError('There must be exactly one document element, closed.');
  return only;
}

export const childElements = (element: XmlElement): XmlElement[] => element.children.filter((child) => typeof child !== 'string');

/** All text inside, nested elements included (as in SSML within Say), with runs of white space as one blank. */
export function textOf(element: XmlElement): string {
  const gather = (one: XmlElement): string => one.children.map((child) => (typeof child === 'string' ? child : gather(child))).join('');
  return gather(element).replace(/\s+/g, ' ').trim();
}

/** The same, as written: line breaks in a text message are part of it. */
export function rawTextOf(element: XmlElement): string {
  return element.children.map((child) => (typeof child === 'string' ? child : rawTextOf(child))).join('').trim();
}
