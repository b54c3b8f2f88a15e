/** Makes an element. Text only ever goes in as text, never as markup: a message may hold anything. */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key in element && key !== 'list') element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Puts items in order, reusing the element of each key while `version` is the same, so that focus and open details stay. */
export function keepList(parent, items, build) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map(({ key, version, item }) => {
    const known = old.get(key);
    if (known?.dataset.version === version) return known;
    const element = build(item, known);
    element.dataset.key = key;
    element.dataset.version = version;
    return element;
  });
  wanted.forEach((element, index) => {
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
}

export const timeOf = (instant) => new Date(instant).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

export const isAtEnd = (element) => element.scrollHeight - element.scrollTop - element.clientHeight < 40;
