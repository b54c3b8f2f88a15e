import { onCall } from './control.js';
import { isAtEnd, make } from './dom.js';

const names = { system: 'Call', callee: 'You', keys: 'Keys', beep: 'Beep' };

/** What was heard on a call, as a list. */
export function transcriptLines(transcript) {
  return make('ol', { className: 'lines' }, ...transcript.map((line) => make('li', { lang: line.language }, make('span', { className: 'who' }, names[line.who]), make('span', { className: line.who }, line.text))));
}

const asked = { keys: 'Waits for a key', speech: 'Listens to you', 'keys or speech': 'Waits for a key or your voice', recording: 'Records you; end with #' };

/** The panel of a call that rings or is under way. It is built once a call, and updated, so that typing is not lost. */
export function createCallPanel() {
  const title = make('span');
  const note = make('p', { className: 'note', role: 'status' });
  const heard = make('div', { className: 'heard', role: 'log', 'aria-label': 'What is said on the call', tabIndex: 0 });
  const sayBox = make('input', { placeholder: 'Say something', 'aria-label': 'Say something', autocomplete: 'off', maxLength: 2000 });
  let sid = '';
  const press = (keys) => onCall(sid, 'press', { keys });
  const answer = make('button', { type: 'button', className: 'main', onclick: () => onCall(sid, 'answer') }, 'Answer');
  const end = make('button', { type: 'button', className: 'hang-up', onclick: () => onCall(sid, 'hang-up') }, 'Hang up');
  const keypad = make('div', { className: 'keypad', role: 'group', 'aria-label': 'Keypad' }, ...[...'123456789*0#'].map((key) => make('button', { type: 'button', onclick: () => press(key) }, key)));
  const say = make('form', { className: 'row', onsubmit: (event) => {
    event.preventDefault();
    const text = sayBox.value.trim();
    if (text !== '') onCall(sid, 'say', { text });
    sayBox.value = '';
  } }, sayBox, make('button', { type: 'submit' }, 'Say'));
  const panel = make('section', { className: 'call-panel', hidden: true, 'aria-label': 'Call', onkeydown: (event) => {
    const isTyping = event.target === sayBox;
    if (!isTyping && /^[0-9*#]$/.test(event.key) && !keypad.hidden) press(event.key);
  } }, make('h3', {}, title), note, heard, keypad, say, make('div', { className: 'call-buttons' }, answer, end));
  let shownLines = -1;
  return {
    element: panel,
    update(call) {
      panel.hidden = call === undefined;
      if (call === undefined) {
        shownLines = -1;
        return;
      }
      sid = call.sid;
      const isLive = call.behaviour === 'live';
      const isRinging = call.status !== 'in-progress';
      panel.classList.toggle('is-live', !isRinging);
      title.textContent = isRinging ? `${call.from} is calling` : `On a call with ${call.from}`;
      note.textContent = isLive ? (asked[call.asking] ?? (isRinging ? '' : 'Speaks')) : 'Answered by a script';
      heard.hidden = isRinging;
      keypad.hidden = isRinging || !isLive;
      say.hidden = isRinging || !isLive;
      answer.hidden = !isRinging || !isLive;
      end.textContent = isRinging ? 'Decline' : 'Hang up';
      end.hidden = isRinging && !isLive;
      if (call.transcript.length !== shownLines) {
        const follow = shownLines < 0 || isAtEnd(heard);
        heard.replaceChildren(transcriptLines(call.transcript));
        if (follow) heard.scrollTop = heard.scrollHeight;
        shownLines = call.transcript.length;
      }
    },
  };
}
