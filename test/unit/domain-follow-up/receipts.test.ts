import { describe, expect, test } from 'vitest';
import { decide } from '../../../domain/follow-up/decide.ts';
import type { FollowUpEvent } from '../../../domain/follow-up/types.ts';
import { followUp, message } from './follow-up.ts';

const once = { ...message, id: 'note', at: { anchor: 'start', offset: 'P0D', localTime: '09:00' } };
const due = '2026-03-02T09:00:00.000Z';

/** The only message is out by SMS; e-mail would be next. */
function sent(more: Record<string, unknown> = {}) {
  const one = followUp({ steps: [{ ...once, ...more }], plan: { channels: ['sms', 'email'] } });
  one.look(due);
  const { id } = one.found('note');
  one.tell(due, { kind: 'contact-ended', touchpointId: id, channel: 'sms', outcome: { kind: 'sent', providerSid: null } });
  return { ...one, undelivered: () => one.tell(due, { kind: 'receipt', touchpointId: id, channel: 'sms', delivered: false, reason: '30006' }) };
}

describe('a message that was sent by a worker which died, and is found after', () => {
  const found = (...moves: FollowUpEvent[]): string[] => {
    const one = followUp({ steps: [{ ...once, afterAnchorMoved: 'again' }] });
    one.look(due);
    const { id } = one.found('note');
    for (const moved of moves) one.tell(due, moved);
    one.tell('2026-03-02T09:10:00.000Z', { kind: 'contact-ended', touchpointId: id, channel: 'sms', outcome: { kind: 'sent', providerSid: null }, begunAt: due, begunIn: 'UTC' });
    return one.of('note');
  };
  const west: FollowUpEvent = { kind: 'zone-changed', zone: 'America/Los_Angeles' };
  const later: FollowUpEvent = { kind: 'anchor-moved', anchor: 'start', to: '2026-03-03', by: 'nurse' };

  test('the patient has travelled west is not sent again', () => {
    expect(found(west)).toEqual([' 2026-03-02T17:00:00.000Z sent']);
  });

  test.each([['moved', [later], '2026-03-03T09:00:00.000Z'], ['moved and the patient has travelled west', [later, west], '2026-03-03T17:00:00.000Z']])('its anchor has %s goes out for the new day too', (_, moves, again) => {
    expect(found(...moves)).toEqual([` ${due} sent`, `~again-1 ${again} planned`]);
  });
});

describe('a number or mailbox that was opted out for all who have it', () => {
  test.each([[['sms'], 'phone'], [['sms', 'email'], 'phone'], [['sms', 'email'], 'email'], [['email'], 'email']] as const)('is a task where the plan contacts by %j and it is a %s', (channels, kind) => {
    const one = followUp({ steps: [once], plan: { channels: [...channels] } });
    one.tell(due, { kind: 'consent-changed', optedOut: kind });

    expect(one.effects).toMatchObject([{ kind: 'create-task', task: 'opted-out', title: 'opted-out-for-all' }]);
  });

  test.each([[['sms'], 'email'], [['email'], 'phone']] as const)('is none where the plan contacts by %j alone and it is a %s', (channels, kind) => {
    const one = followUp({ steps: [once], plan: { channels: [...channels] } });
    one.tell(due, { kind: 'consent-changed', optedOut: kind });

    expect(one.effects).toEqual([]);
  });
});

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

  test.each([
    ['goes by the next channel on its new date where its date has moved', {}, [' 2026-03-09T09:00:00.000Z planned 30006']],
    ['has failed where its step is planned once more for the new date', { afterAnchorMoved: 'again' }, [' 2026-03-02T09:00:00.000Z failed 30006', '~again-1 2026-03-09T09:00:00.000Z planned']],
  ])('%s', (_what, more, expected) => {
    const one = sent(more);
    one.tell(due, { kind: 'anchor-moved', anchor: 'start', to: '2026-03-09', by: 'nurse' });
    one.undelivered();

    expect(one.look(due)).toMatchObject({ kind: 'wait', dueAt: '2026-03-09T09:00:00.000Z' });
    expect(one.of('note')).toEqual(expected);
  });

  test('because the number takes none, and whose date moved while it was under way, goes by the next channel on the new date', () => {
    const one = followUp({ steps: [once], plan: { channels: ['sms', 'email'] } });
    one.look(due);
    one.tell(due, { kind: 'anchor-moved', anchor: 'start', to: '2026-03-09', by: 'nurse' });
    one.tell(due, { kind: 'contact-ended', touchpointId: one.found('note').id, channel: 'sms', outcome: { kind: 'unreachable', reason: '21614', tryOtherChannel: true } });

    expect(one.look(due)).toMatchObject({ kind: 'wait', dueAt: '2026-03-09T09:00:00.000Z' });
    expect(one.look('2026-03-09T09:00:00.000Z')).toMatchObject({ kind: 'remind', channel: 'email' });
  });
});
