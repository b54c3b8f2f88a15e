/** The sandbox's control API. A refusal is shown to the person, not swallowed. */
let notify = () => undefined;
export const onRefusal = (listener) => (notify = listener);

async function call(method, path, body) {
  try {
    const answer = await fetch(`/sandbox/${path}`, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const value = answer.status === 204 ? {} : await answer.json();
    if (!answer.ok) notify(value.error ?? `The simulator answered ${answer.status}.`);
    return answer.ok ? value : undefined;
  } catch {
    notify('The phone simulator does not answer. Is it still running?');
    return undefined;
  }
}

const phone = (number) => `phones/${encodeURIComponent(number)}`;
export const loadState = () => call('GET', 'state');
export const savePhone = (change) => call('POST', 'phones', change);
export const reply = (number, text) => call('POST', `${phone(number)}/reply`, { text });
export const onCall = (sid, action, body) => call('POST', `calls/${sid}/${action}`, body ?? {});
export const armFault = (fault) => call('POST', 'faults', fault);
export const clearFault = (id) => call('DELETE', `faults/${id}`);
export const killWorker = () => call('POST', 'kill/worker', {});
