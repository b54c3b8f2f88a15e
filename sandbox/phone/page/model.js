/** What the page knows, kept by changes from the server. */
export function createModel() {
  const model = {
    phones: new Map(), messages: new Map(), calls: new Map(), recordings: new Map(), alerts: [], faults: [], refused: new Set(), hasControl: false,
    replace(state) {
      for (const [name, key] of [['phones', 'number'], ['messages', 'sid'], ['calls', 'sid'], ['recordings', 'sid']]) {
        model[name] = new Map(state[name].map((record) => [record[key], record]));
      }
      model.alerts = state.alerts;
      model.faults = state.faults;
      model.hasControl = state.hasControl;
      model.refused = new Set(state.alerts.filter(isRefusal).map((alert) => alert.sid));
    },
    apply({ kind, record }) {
      switch (kind) {
        case 'phone': model.phones.set(record.number, record); break;
        case 'message': model.messages.set(record.sid, record); break;
        case 'call': model.calls.set(record.sid, record); break;
        case 'recording': model.recordings.set(record.sid, record); break;
        case 'faults': model.faults = record; break;
        case 'alert':
          model.alerts.push(record);
          if (isRefusal(record)) model.refused.add(record.sid);
          break;
      }
    },
    messagesOf: (number) => [...model.messages.values()].filter((one) => one.to === number || one.from === number),
    callsOf: (number) => [...model.calls.values()].filter((one) => one.to === number),
    callOf: (number) => model.callsOf(number).findLast((one) => one.status === 'ringing' || one.status === 'in-progress'),
    recordingsOf: (callSid) => [...model.recordings.values()].filter((one) => one.callSid === callSid),
  };
  const isRefusal = (alert) => alert.code === 11200 && alert.sid !== null && model.messages.get(alert.sid)?.direction !== 'outbound-api';
  return model;
}
