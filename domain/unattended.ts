import { hearUnasked } from './follow-up/outcomes.ts';
import { endTouchpoint } from './follow-up/touchpoints.ts';
import type { Evolved, FollowUpState, Instant, Touchpoint } from './follow-up/types.ts';
import type { Plan } from './plan/format.ts';
import { holdsAlarm, isHalfWay, silenceAlarms } from './questionnaire/clocks.ts';
import { decideConversation } from './questionnaire/decide.ts';
import { endConversation, giveUpChannel } from './questionnaire/evolve.ts';
import type { ConversationDecision, ConversationRules, ConversationState } from './questionnaire/types.ts';
import { plusMs } from './time/durations.ts';

/**
 * What time alone would tell staff, where no thread runs that would look. Nobody is contacted meanwhile, and nobody knows for how long: what an answer or a
 * further contact might still have put right is heard as it is.
 */

/** So long a contact may be left lying. Longer than one of unknown outcome is looked up before it is given to staff, so that none is under way by then. */
export const unmadeContactMs = 20 * 60_000;
/** So long a call may wait for its turn while calls go out at the rate that the lines allow. */
export const pacedCallMs = 2 * 3_600_000;

export interface Unattended {
  /** For how long its thread may have left lying what it is to do. */
  afterMs: number;
  /** It is a second reading: the alarm of the first waits for it. */
  isSecond: boolean;
  /** The call that it is in was never placed, and is left lying for longer than a contact may be. */
  isCallUnmade: boolean;
}

/**
 * How a conversation ends without its thread; null: it does not, or not yet. It is the thread's own decision as of `afterMs` ago. Where that one asks on another
 * channel, or for a second reading, which nobody carries out, the channel that was tried was the last. A nudge is not waited for longer than the decider does.
 */
export function endUnattended(rules: ConversationRules, state: ConversationState, now: Instant, { afterMs, isSecond, isCallUnmade }: Unattended): Pick<ConversationDecision, 'state' | 'effects'> | null {
  if (!(isSecond || holdsAlarm(state) || silenceAlarms(rules))) return null;
  // A call counts from when it is ordered.
  const wasAsked = state.askedAt !== null || state.callsMade > (isCallUnmade ? 1 : 0);
  // What nobody was asked yet is late in its own time.
  if (!(wasAsked || isSecond || state.channelIndex > 0)) return null;
  const left = asOf(rules, state, plusMs(now, -afterMs));
  if (left.state.status === 'done') return left;
  if (!(isCallUnmade || leavesContact(asOf(rules, state, plusMs(now, -unmadeContactMs))))) return null;
  if (!wasAsked && state.channelIndex === 0) return { state: endConversation(state, 'missed', 'late'), effects: [] };
  const asked = isHalfWay(state) ? 'partial' : 'no-answer';
  return giveUpChannel(rules, { ...state, channels: state.channels.slice(0, state.channelIndex + 1) }, wasAsked ? asked : (state.reason ?? asked), now);
}

function asOf(rules: ConversationRules, state: ConversationState, at: Instant): ConversationDecision {
  return decideConversation(rules, state, at, 0, () => '');
}

function leavesContact({ next }: ConversationDecision): boolean {
  return next.kind === 'call' || (next.kind === 'contact' && next.contactKind === 'first');
}

/** Second readings that are due and that nobody is asked for: what they were to confirm counts as confirmed, as with those that are late. */
export function endUnasked(plan: Plan, state: FollowUpState, now: Instant, newId: () => string): Evolved {
  const since = plusMs(now, -unmadeContactMs);
  const isUnasked = ({ status, confirms, nextAt }: Touchpoint): boolean => status === 'planned' && confirms.length > 0 && nextAt !== null && nextAt <= since;
  if (state.status !== 'active' || !state.touchpoints.some(isUnasked)) return { state, effects: [] };
  const touchpoints = state.touchpoints.map((touchpoint) => (isUnasked(touchpoint) ? endTouchpoint(touchpoint, 'missed', 'late') : touchpoint));
  return hearUnasked(plan, state, { state: { ...state, touchpoints }, effects: [] }, now, newId);
}
