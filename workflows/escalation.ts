import type { ThreadInput } from '../domain/threads.ts';
import { urgentContacting, urgentDeciding } from './activities.ts';
import { openThread } from './thread.ts';

/** One alert: pages up the ladder until somebody acknowledges, then until a named human has ended it. It never ends by itself. */
export async function escalation(input: ThreadInput): Promise<void> {
  const thread = openThread(input);
  let next = await urgentDeciding.resumeEscalation(input.subjectId);
  for (;;) {
    switch (next.kind) {
      case 'wait':
        await thread.until(next.dueAt, next.summary);
        next = await urgentDeciding.resumeEscalation(input.subjectId);
        break;
      case 'page':
        next = (await urgentContacting.pageStaff.executeWithOptions({ summary: next.summary }, [next])).next;
        break;
      case 'end':
        return;
    }
  }
}
