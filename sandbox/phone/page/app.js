import { clearFault, killWorker, loadState, onRefusal, savePhone } from './control.js';
import { keepList, make, timeOf } from './dom.js';
import { createModel } from './model.js';
import { createPhoneCard } from './phone-card.js';

const at = (id) => document.getElementById(id);
const model = createModel();
const cards = new Map();
let spokenLines = new Map();
let isDrawing = false;

function notice(text) {
  at('notice').textContent = text;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => (at('notice').textContent = ''), 6000);
}
onRefusal(notice);

/** Many changes may come at once; the page is drawn once a frame. */
function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    drawNow();
  });
}

function drawNow() {
  for (const number of model.phones.keys()) {
    if (!cards.has(number)) {
      const card = createPhoneCard(number, model);
      cards.set(number, card);
      at('phones').append(card.element);
    }
    cards.get(number).update();
  }
  const words = at('find').value.trim().toLowerCase();
  for (const card of cards.values()) card.element.hidden = !card.matches(words);
  at('empty').hidden = cards.size > 0;
  at('kill').hidden = !model.hasControl;
  drawRinging();
  drawFaults();
  drawAlerts();
  readAloud();
}

function drawRinging() {
  const ringing = [...model.phones.values()].filter((phone) => {
    const call = model.callOf(phone.number);
    return call?.status === 'ringing' && call.behaviour === 'live';
  });
  keepList(at('ringing'), ringing.map((phone) => ({ key: phone.number, version: phone.label, item: phone })), (phone) =>
    make('button', { type: 'button', onclick: () => {
      const card = cards.get(phone.number).element;
      card.scrollIntoView({ block: 'center' });
      card.querySelector('.call-panel .main').focus();
    } }, `${phone.label || phone.number} is ringing. Go to the phone`));
}

const faultWords = {
  'rate-limit': 'Too many requests (429)', 'server-error': 'Server error (500)', slow: 'Slow answers', 'accept-then-drop': 'Answer dropped after accepting',
  refuse: 'Connection refused', 'refuse-with': 'Refused with error', 'undeliver-with': 'Undelivered with error', 'duplicate-callbacks': 'Callbacks twice', 'reorder-callbacks': 'Callbacks in reverse', 'no-callbacks': 'No callbacks',
};

function drawFaults() {
  at('faults').hidden = model.faults.length === 0;
  const chips = model.faults.map((fault) => ({ key: String(fault.id), version: String(fault.times), item: fault }));
  keepList(at('faults'), chips, (fault) => {
    const whom = fault.to === undefined ? 'everyone' : model.phones.get(fault.to)?.label || fault.to;
    const times = fault.times === undefined ? 'until cleared' : `${fault.times} left`;
    return make('span', {}, `${faultWords[fault.kind]}${fault.code === undefined ? '' : ` ${fault.code}`}: ${whom}, ${times} `, make('button', { type: 'button', onclick: () => clearFault(fault.id) }, 'Clear'));
  });
}

function drawAlerts() {
  at('alerts').hidden = model.alerts.length === 0;
  at('alerts').querySelector('summary').textContent = `Webhook errors: ${model.alerts.length}`;
  const newest = model.alerts.slice(-50).reverse();
  keepList(at('alerts').querySelector('ol'), newest.map((alert, index) => ({ key: `${alert.at}-${alert.sid}-${model.alerts.length - index}`, version: '', item: alert })), (alert) =>
    make('li', {}, `${timeOf(alert.at)} · ${alert.code} · ${alert.message} ${alert.url}`));
}

/** Speaks each new prompt of a live call, in its language, when asked to. */
function readAloud() {
  for (const call of model.calls.values()) {
    const known = spokenLines.get(call.sid) ?? call.transcript.length;
    spokenLines.set(call.sid, call.transcript.length);
    if (!at('aloud').checked || call.behaviour !== 'live') continue;
    for (const line of call.transcript.slice(known).filter((one) => one.who === 'system')) {
      speechSynthesis.speak(Object.assign(new SpeechSynthesisUtterance(line.text), { lang: line.language }));
    }
  }
}

function connect() {
  const changes = new EventSource('/sandbox/events');
  let waiting = [];
  changes.onopen = async () => {
    waiting = [];
    const state = await loadState();
    if (state === undefined) return;
    model.replace(state);
    // What changed while the state was on its way comes after it.
    for (const change of waiting) model.apply(change);
    waiting = undefined;
    at('connection').dataset.live = 'yes';
    at('connection').textContent = 'Live';
    draw();
  };
  changes.onmessage = (event) => {
    const change = JSON.parse(event.data);
    if (waiting !== undefined) waiting.push(change);
    else {
      model.apply(change);
      draw();
    }
  };
  changes.onerror = () => {
    at('connection').dataset.live = 'no';
    at('connection').textContent = 'The simulator is away; trying again';
  };
}

at('find').addEventListener('input', draw);
at('kill').addEventListener('click', async () => {
  const done = await killWorker();
  if (done !== undefined) notice('The worker was killed. Watch what still arrives.');
});
at('add').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  const saved = await savePhone({ number: form.number.value.trim(), label: form.label.value.trim() });
  if (saved === undefined) return;
  form.reset();
  cards.get(saved.number)?.element.scrollIntoView({ block: 'center' });
});
connect();
