import type { FollowUpEvent } from '../domain/follow-up/types.ts';
import type { CareActivities } from '../domain/threads.ts';
import { decideFollowUp, listen } from '../store/follow-ups.ts';
import { inTransaction } from '../store/inbound.ts';
import { mergedWith } from '../store/merging.ts';
import { endCarried } from './contact/carried-reminders.ts';
import { recordEnd } from './contact/make-contact.ts';
import { makeReminder } from './contact/make-reminder.ts';
import type { ActivityDeps } from './deps.ts';
import { settle } from './settle.ts';

/** One reminder or advice: begin, send once, end with what follows. */
export function remindPatient(deps: ActivityDeps): CareActivities['remindPatient'] {
  return async ({ enrolmentId, touchpointId, channel, revision }) => {
    const made = await makeReminder(deps, touchpointId, channel, revision);
    const { decided, told } = await inTransaction(deps.sql, async (tx) => {
      const now = deps.clock().toISOString();
      // Before the end, which lets go of what was not sent.
      const carried = made.mayCarry && made.attemptId !== null ? await mergedWith(tx, made.attemptId) : [];
      // Sent together and run in this order; where others were carried, this follow-up may be told of some of them before it hears.
      const [{ outcome, receipt, begun }, atOnce] = await Promise.all([recordEnd(tx, made), carried.length === 0 ? listen(tx, enrolmentId) : null]);
      const told = await endCarried(tx, carried, made, outcome, now);
      const { before, heard } = atOnce ?? (await listen(tx, enrolmentId));
      const early: FollowUpEvent[] = receipt === null ? [] : [{ kind: 'receipt', touchpointId, channel, ...receipt }];
      return { told, decided: await decideFollowUp(tx, before, now, [{ kind: 'contact-ended', touchpointId, channel, outcome, ...begun }, ...early, ...heard]) };
    });
    const resumed = await settle(deps, decided);
    await deps.poker.poke([...resumed.threads, ...told.filter(({ subjectId }) => subjectId !== enrolmentId)]);
    return { next: resumed.next, receipt: made.receipt };
  };
}
