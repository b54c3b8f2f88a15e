import { createCallPanel, transcriptLines } from './call-panel.js';
import { armFault, clearFault, reply, savePhone } from './control.js';
import { isAtEnd, keepList, make, timeOf } from './dom.js';

const textChoices = { normal: 'Gets texts', landline: 'Landline (30006)', unreachable: 'Unreachable (30003)', unknown: 'Unknown number (30005)', filtered: 'Filtered (30007)', 'opted-out': 'Opted out (21610)' };
const callChoices = { live: 'Rings here', machine: 'Answering machine', voicemail: 'Carrier voicemail', busy: 'Busy', 'no-answer': 'No answer', failed: 'Call fails' };
const statusWords = { accepted: 'Accepted', scheduled: 'Scheduled', queued: 'Queued', sending: 'Sending', sent: 'Sent', delivered: 'Delivered', received: 'Sent', canceled: 'Canceled' };
const callWords = { completed: 'Call', busy: 'Call declined or busy', 'no-answer': 'Missed call', failed: 'Call failed', canceled: 'Call canceled', queued: 'Call', ringing: 'Ringing', 'in-progress': 'On a call' };
const endedCalls = ['completed', 'busy', 'no-answer', 'failed', 'canceled'];

const select = (label, choices, change) => {
  const box = make('select', { onchange: (event) => change(event.target.value) }, ...Object.entries(choices).map(([value, text]) => make('option', { value }, text)));
  return { box, element: make('label', {}, label, box) };
};

function bubble({ message, refusedReply }) {
  const isOwn = message.direction === 'inbound';
  const failed = message.errorCode !== null || refusedReply;
  const fate = refusedReply ? 'The webhook did not take it' : message.errorCode === null ? statusWords[message.status] ?? message.status : `Not delivered: ${message.errorCode} ${message.errorMessage}`;
  return make('li', { className: `bubble${isOwn ? ' own' : ''}${failed && !isOwn ? ' undelivered' : ''}` },
    make('p', { dir: 'auto' }, message.body),
    make('small', {}, `${timeOf(message.createdAt)} · ${fate}${message.redacted ? ' · redacted at the provider' : ''}`));
}

function callEntry({ call, recordings }, known) {
  const talk = call.durationSeconds > 0 ? ` · ${call.durationSeconds} s` : '';
  const sounds = recordings.filter((one) => one.status === 'completed' && !one.deleted);
  const gone = recordings.some((one) => one.deleted) ? ' · recording deleted at the provider' : '';
  return make('li', {}, make('details', { className: 'call-entry', open: known?.firstElementChild.open ?? false },
    make('summary', {}, make('strong', {}, callWords[call.status]), ` · ${timeOf(call.createdAt)}${talk}${gone}`),
    call.transcript.length === 0 ? make('p', { className: 'lines' }, 'Nothing was said.') : transcriptLines(call.transcript),
    ...sounds.map((one) => make('audio', { controls: true, preload: 'metadata', src: `/sandbox/recordings/${one.sid}.wav`, 'aria-label': 'Recording of this call' }))));
}

/** One phone: its thread, the call under way, a box to reply, and how the number behaves. */
export function createPhoneCard(number, model) {
  const title = make('h2');
  const texts = select('Texts', textChoices, (text) => savePhone({ number, text }));
  const calls = select('Calls', callChoices, (kind) => savePhone({ number, calls: [{ kind }] }));
  const scripted = make('option', { value: 'human', disabled: true, hidden: true }, 'Answers by script');
  calls.box.append(scripted);
  const thread = make('ol', { className: 'thread', role: 'log', 'aria-label': 'Messages', tabIndex: 0 });
  const panel = createCallPanel();
  const box = make('textarea', { placeholder: 'Reply as this person', 'aria-label': `Reply as ${number}`, maxLength: 1600, onkeydown: (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  } });
  const form = make('form', { className: 'row', onsubmit: async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (text === '') return;
    box.value = '';
    await reply(number, text);
  } }, box, make('button', { type: 'submit', className: 'main' }, 'Send'));
  const drop = make('button', { type: 'button', className: 'drop', title: 'The next text to this phone is accepted and delivered, but the provider’s answer never reaches the product', onclick: () => {
    const armed = armedDrop();
    return armed === undefined ? armFault({ kind: 'accept-then-drop', on: 'create-message', to: number, times: 1 }) : clearFault(armed.id);
  } }, 'Drop the provider’s answer');
  const foot = make('footer', { className: 'phone-foot' }, form, drop);
  const armedDrop = () => model.faults.find((fault) => fault.kind === 'accept-then-drop' && fault.to === number);
  const card = make('article', { className: 'phone', id: `phone-${number.slice(1)}`, 'aria-label': number },
    make('header', { className: 'phone-head' }, title, make('p', { className: 'number' }, number), make('div', { className: 'behaviour' }, texts.element, calls.element)),
    thread, panel.element, foot);

  return {
    element: card,
    update() {
      const phone = model.phones.get(number);
      title.textContent = phone.label === '' ? 'Unnamed phone' : phone.label;
      card.setAttribute('aria-label', `${title.textContent}, ${number}`);
      texts.box.value = phone.text;
      const kind = phone.calls[0].kind;
      scripted.hidden = kind !== 'human';
      calls.box.value = kind;
      const call = model.callOf(number);
      panel.update(call);
      card.classList.toggle('is-ringing', call !== undefined && call.status !== 'in-progress' && call.behaviour === 'live');
      foot.hidden = call?.status === 'in-progress';
      thread.hidden = call?.status === 'in-progress' && call.behaviour === 'live';
      const armed = armedDrop() !== undefined;
      drop.setAttribute('aria-pressed', String(armed));
      drop.textContent = armed ? 'The next answer will be dropped' : 'Drop the provider’s answer';
      showThread(phone);
    },
    matches: (words) => `${model.phones.get(number).label} ${number}`.toLowerCase().includes(words),
  };

  function showThread() {
    const follow = isAtEnd(thread);
    const messages = model.messagesOf(number).map((message) => {
      const refusedReply = model.refused.has(message.sid);
      return { at: message.createdAt, key: message.sid, version: `${message.updatedAt}${message.status}${refusedReply}${message.redacted}`, item: { message, refusedReply }, build: bubble };
    });
    const ended = model.callsOf(number).filter((call) => endedCalls.includes(call.status)).map((call) => {
      const recordings = model.recordingsOf(call.sid);
      return { at: call.createdAt, key: call.sid, version: `${call.updatedAt}${recordings.map((one) => one.status + one.deleted).join()}`, item: { call, recordings }, build: callEntry };
    });
    const entries = [...messages, ...ended].sort((a, b) => a.at - b.at);
    if (entries.length === 0) entries.push({ key: 'empty', version: '', item: {}, build: () => make('li', { className: 'thread-empty' }, 'Nothing has come to this phone yet.') });
    const builders = new Map(entries.map((entry) => [entry.item, entry.build]));
    keepList(thread, entries, (item, known) => builders.get(item)(item, known));
    if (follow) thread.scrollTop = thread.scrollHeight;
  }
}
