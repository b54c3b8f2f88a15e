import { ApplicationFailure } from '@temporalio/common';
import type { ActivityDeps } from '../../activities/index.ts';
import type { CareActivities } from '../../domain/threads.ts';
import type { SendResult } from '../../providers/types.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { Killed } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';

/**
 * What may befall a worker between two statements, at places that only look random: it dies before an activity, after the provider
 * took something, after its last commit, or before it could poke; or the provider's answer is lost. Temporal then tries the activity
 * again. No time goes by on the patient's clock, so the story must be the very same.
 */
export interface Misfortunes {
  strikes(place: Place): boolean;
  /** How often one has struck, by place. */
  counts: Record<Place, number>;
}

export const places = ['before an activity', 'after the provider took it', 'the provider\'s answer', 'before a poke', 'after an activity'] as const;
export type Place = (typeof places)[number];

const none = (): Record<Place, number> => ({ 'before an activity': 0, 'after the provider took it': 0, 'the provider\'s answer': 0, 'before a poke': 0, 'after an activity': 0 });

export const noMisfortunes: Misfortunes = { strikes: () => false, counts: none() };

/** `share`: of the places that are passed. */
export function misfortunesOf(seed: number, share: number): Misfortunes {
  let state = seed;
  const counts = none();
  return {
    counts,
    strikes(place) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const isStruck = state / 2 ** 32 < share;
      if (isStruck) counts[place] += 1;
      return isStruck;
    },
  };
}

/** The real clock, which the database has: the test sets only `Date`. */
const realNowMs = (): number => performance.timeOrigin + performance.now();

/** Providers that do what they are asked and are not always heard of, and a poke that is not always made. `onLostPoke`: what the sweeper would find. */
export function unlucky(deps: ActivityDeps, misfortunes: Misfortunes, isStaff: (number: string) => boolean, onLostPoke: (threads: readonly ThreadToPoke[]) => void): ActivityDeps {
  const heardOf = (to: string, result: SendResult): SendResult => {
    // An alert does not wait for what became of a page: it pages on, and that is another story.
    if (result.kind !== 'accepted' || isStaff(to)) return result;
    if (misfortunes.strikes('after the provider took it')) throw new Killed('after the provider took it');
    return misfortunes.strikes('the provider\'s answer') ? { kind: 'unknown', reason: 'no-answer' } : result;
  };
  // The claim's time is of the database's clock, the provider's log of the test's.
  const onOurClock = <Search extends { sentAfter: Date }>(search: Search): Search => ({ ...search, sentAfter: new Date(search.sentAfter.getTime() - realNowMs() + Date.now()) });
  return {
    ...deps,
    sms: { ...deps.sms, send: async (request) => heardOf(request.to, await deps.sms.send(request)), find: (search) => deps.sms.find(onOurClock(search)) },
    voice: { ...deps.voice, place: async (request) => heardOf(request.to, await deps.voice.place(request)), find: (search) => deps.voice.find(onOurClock(search)) },
    poker: {
      async poke(threads) {
        if (!misfortunes.strikes('before a poke')) return deps.poker.poke(threads);
        onLostPoke(threads);
        throw new Killed('before the poke');
      },
    },
  };
}

/** Longer than a lease, and than an attempt without a trace takes to settle. */
const triedAgainAfterSeconds = 61;
const triesAtMost = 40;

/** Activities as Temporal runs them: again, until they have answered. */
export function triedAgain(world: CareWorld, activities: CareActivities, misfortunes: Misfortunes): CareActivities {
  const again = <Args extends unknown[], Result>(activity: (...args: Args) => Promise<Result>) => async (...args: Args): Promise<Result> => {
    for (let tries = 0; tries < triesAtMost; tries += 1) {
      if (misfortunes.strikes('before an activity')) continue;
      try {
        const result = await activity(...args);
        if (!misfortunes.strikes('after an activity')) return result;
      } catch (error) {
        if (!(error instanceof Killed) && !(error instanceof ApplicationFailure && error.type === 'TRY_LATER')) throw error;
      }
      await world.letPass(triedAgainAfterSeconds);
    }
    throw new Error('An activity is tried again for ever.');
  };
  return {
    resumePlan: again((id) => activities.resumePlan(id)), remindPatient: again((command) => activities.remindPatient(command)), resumeConversation: again((id) => activities.resumeConversation(id)), contactPatient: again((command) => activities.contactPatient(command)),
    resumeEscalation: again((id) => activities.resumeEscalation(id)), pageStaff: again((command) => activities.pageStaff(command)), placeCall: again((id) => activities.placeCall(id)), followCall: again((id) => activities.followCall(id)),
    storeRecording: again((id) => activities.storeRecording(id)), deleteRecordingAtProvider: again((id) => activities.deleteRecordingAtProvider(id)),
  };
}
