import type { ThreadInput } from '../domain/threads.ts';
import { contacting, deciding } from './activities.ts';
import { startThread } from './children.ts';
import { openThread } from './thread.ts';

/** One conversation: the first contact, nudges, the other channel, calls and redials, and what silence means. */
export async function questionnaire(input: ThreadInput): Promise<void> {
  const thread = openThread(input);
  let next = await deciding.resumeConversation(input.subjectId);
  for (;;) {
    switch (next.kind) {
      case 'wait':
        await thread.until(next.dueAt, next.summary);
        next = await deciding.resumeConversation(input.subjectId);
        break;
      case 'contact':
        next = (await contacting.contactPatient.executeWithOptions({ summary: next.summary }, [next])).next;
        break;
      case 'call':
        await startThread('recordedCall', next.callId, next.summary);
        next = await deciding.resumeConversation(input.subjectId);
        break;
      case 'end':
        return;
    }
  }
}
