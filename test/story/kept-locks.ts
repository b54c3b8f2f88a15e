import type { Client } from '@temporalio/client';

/**
 * Why a server whose time jumps may stop jumping: a child that ends locks time until its parent has heard of it, and one whose parent
 * has ended before is never heard of. (In its source `processCompleteWorkflowExecution` locks, and `childWorkflowCompleted` unlocks
 * unless the parent is closed; temporalio/sdk-java#1540 is of the same.) Each such lock is released here, by one unlock too many.
 */
export interface KeptLocks {
  /** A thread is about to end: waits until it has, and releases what is thereby locked for ever. */
  ended(workflowId: string): Promise<void>;
}

export function openKeptLocks(client: Client, hasEnded: (workflowId: string) => boolean, release: () => Promise<void>): KeptLocks {
  /** Children whose parents have ended without having heard of their end. */
  const orphans = new Set<string>();
  return {
    async ended(workflowId) {
      const handle = client.workflow.getHandle(workflowId);
      // However it ends.
      await handle.result().catch(() => undefined);
      if (orphans.delete(workflowId)) await release();
      const { raw } = await handle.describe();
      for (const { workflowId: child } of raw.pendingChildren ?? []) {
        if (child == null) continue;
        if (hasEnded(child)) await release();
        else orphans.add(child);
      }
    },
  };
}
