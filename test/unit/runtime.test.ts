import { DefaultLogger } from '@temporalio/worker';
import { expect, it } from 'vitest';
import { leaveOutDetail } from '../../worker/runtime.ts';

it('the SDK holds no line that nobody is to see, and passes on all others', () => {
  const held: string[] = [];
  const log = new DefaultLogger('TRACE', ({ message }) => void held.push(message));

  leaveOutDetail(log);
  log.trace('a task has come', { task: 'with all that is in it' });
  log.debug('an activity has begun');
  log.info('working');
  log.warn('a poll has failed');

  expect(held).toEqual(['working', 'a poll has failed']);
});
