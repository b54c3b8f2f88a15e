// All that a mail holds is set as text, never as markup; its own HTML is shown only in a sandboxed frame.
const list = document.querySelector('#list');
const article = document.querySelector('#mail');
const state = document.querySelector('#state');
const mails = new Map();
let chosen;

function make(name, text, attributes = {}) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function show(mail) {
  chosen = mail.id;
  for (const button of list.querySelectorAll('button')) button.setAttribute('aria-current', String(button.dataset.id === chosen));
  const facts = make('dl');
  const rows = [
    ['From', mail.from],
    ['To', mail.to.join(', ') || mail.envelope.to.join(', ')],
    ['Received', new Date(mail.receivedAt).toLocaleString()],
    ['List-Unsubscribe', mail.listUnsubscribe ?? 'none'],
    ['List-Unsubscribe-Post', mail.listUnsubscribePost ?? 'none'],
  ];
  for (const [name, value] of rows) facts.append(make('dt', name), make('dd', value));
  article.replaceChildren(make('h2', mail.subject || '(no subject)'), facts, make('pre', mail.text));
  if (mail.hasHtml) {
    article.append(make('h3', 'HTML part'), make('iframe', undefined, { sandbox: '', title: 'HTML part of the mail', src: `/messages/${mail.id}/html` }));
  }
  article.append(make('a', 'Source', { href: `/messages/${mail.id}/raw` }));
}

function add(mail) {
  if (mails.has(mail.id)) return;
  mails.set(mail.id, mail);
  const button = make('button', undefined, { type: 'button' });
  button.dataset.id = mail.id;
  const line = make('small');
  line.append(make('span', mail.to.join(', ') || mail.envelope.to.join(', ')), make('time', new Date(mail.receivedAt).toLocaleTimeString()));
  button.append(make('strong', mail.subject || '(no subject)'), line);
  button.addEventListener('click', () => show(mail));
  const item = make('li');
  item.append(button);
  // Newest first, also where a mail came while the list was being read.
  item.dataset.at = mail.receivedAt;
  list.insertBefore(item, [...list.children].find((other) => other.dataset.at <= mail.receivedAt) ?? null);
  document.querySelector('#empty').hidden = true;
  if (chosen === undefined) show(mail);
}

const events = new EventSource('/events');
events.addEventListener('mail', (event) => add(JSON.parse(event.data)));
events.addEventListener('error', () => {
  state.textContent = 'Not connected';
});
// At each connection the list is read again, so that nothing is missed while the sandbox was away.
events.addEventListener('open', async () => {
  state.textContent = 'Live';
  for (const mail of await (await fetch('/api/messages')).json()) add(mail);
});
