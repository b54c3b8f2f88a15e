import type { FollowUpInput } from '../domain/threads.ts';
import { contacting, deciding } from './activities.ts';
import { startThread } from './children.ts';
import { openThread } from './thread.ts';

/** One patient on one plan: waits, reminds, asks and calls until the plan has ended. What to do next is decided in Postgres. */
export async function followUp(input: FollowUpInput): Promise<void> {
  let details = input.first?.details ?? '';
  const thread = openThread(input, () => details);
  const resume = async () => {
    const plan = await deciding.resumePlan(input.subjectId);
    details = plan.details;
    return plan.next;
  };
  let next = input.first?.next ?? (await resume());
  for (;;) {
    switch (next.kind) {
      case 'wait': {
        const undisturbed = await thread.until(next.dueAt, next.summary);
        next = undisturbed && next.then !== null ? next.then : await resume();
        break;
      }
      case 'remind':
        next = (await contacting.remindPatient.executeWithOptions({ summary: next.summary }, [next])).next;
        break;
      case 'ask':
      case 'call':
        await startThread('questionnaire', next.touchpointId, next.summary);
        next = await resume();
        break;
      case 'end':
        return;
    }
  }
}
