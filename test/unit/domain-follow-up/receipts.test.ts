import { describe, expect, test } from 'vitest';
import { decide } from '../../../domain/follow-up/decide.ts';
import { followUp, message } from './follow-up.ts';

const once = { ...message, id: 'note', at: { anchor: 'start', offset: 'P0D', localTime: '09:00' } };
const due = '2026-03-02T09:00:00.000Z';

/** The only message is out by SMS; e-mail would be next. */
function sent() {
  const one = followUp({ steps: [once], plan: { channels: ['sms', 'email'] } });
  one.look(due);
  const { id } = one.found('note');
  one.tell(due, { kind: 'contact-ended', touchpointId: id, channel: 'sms', outcome: { kind: 'sent', providerSid: null } });
  return { ...one, undelivered: () => one.tell(due, { kind: 'receipt', touchpointId: id, channel: 'sms', delivered: false, reason: '30006' }) };
}

describe('a message that did not arrive', () => {
  test('goes by the next channel', () => {
    const one = sent();
    one.undelivered();

    expect(one.look(due)).toMatchObject({ kind: 'remind', channel: 'email' });
  });

  test.each([['withdrawn' as const, 1], ['deceased' as const, 0]])('goes by no other once the follow-up has ended (%s), and its thread ends', (reason, tasks) => {
    const one = sent();
    one.tell(due, { kind: 'ended', reason, by: 'nurse' });
    one.undelivered();

    expect(one.look(due)).toMatchObject({ kind: 'end', reason });
    expect(one.of('note')).toEqual([` ${due} failed 30006`]);
    expect(one.effects).toHaveLength(tasks);
  });

  test('and was planned all the same by an older version, ends', () => {
    const one = sent();
    one.undelivered();

    const { state, next } = decide(one.plan, { ...one.state(), status: 'ended', endReason: 'withdrawn' }, due, 1, () => 'new');

    expect(next).toMatchObject({ kind: 'end', reason: 'withdrawn' });
    expect(state.touchpoints).toMatchObject([{ status: 'done', outcome: 'waived', reason: 'withdrawn' }]);
  });
});
