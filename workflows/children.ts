import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild } from '@temporalio/workflow';
import { defaultHistoryBudget, taskQueueOf, taskQueues, workflowIdOf } from '../domain/threads.ts';
import type { ThreadType } from '../domain/threads.ts';

/**
 * Starts a child thread that outlives its parent. It reports by an inbox row and a poke, so nobody awaits its end.
 * The poke of whoever decided it has mostly started it before us: then there is nothing to do. Where that poke was lost, nobody waits for the sweeper.
 */
export async function startThread(type: ThreadType, subjectId: string, summary: string): Promise<void> {
  try {
    await startChild(type, {
      workflowId: workflowIdOf(type, subjectId),
      args: [{ subjectId, historyBudget: defaultHistoryBudget }],
      taskQueue: taskQueues[taskQueueOf(type)],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: summary,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
