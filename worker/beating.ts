import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** So many beats go into an activity's heartbeat time-out: one that is lost or late is no death. */
const beatsPerTimeout = 4;

/**
 * Tells the server that an activity is still at work, for those with a heartbeat time-out. A server under load can count a task as
 * started and never hand it out, and a worker can die: without beats either is noticed only after the whole time that the longest
 * contact may take. A contact that is over before the first beat, as nearly all are, costs nothing more.
 */
export const beatWhileWorking: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      const { heartbeatTimeoutMs } = context.info;
      if (heartbeatTimeoutMs === undefined) return next(input);
      const beat = setInterval(() => context.heartbeat(), heartbeatTimeoutMs / beatsPerTimeout);
      try {
        return await next(input);
      } finally {
        clearInterval(beat);
      }
    },
  },
});
