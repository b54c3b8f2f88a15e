import type { FollowUpEffect } from '../follow-up/types.ts';
import { decideConversation } from '../questionnaire/decide.ts';
import { evolveConversation } from '../questionnaire/evolve.ts';
import type { ConversationEffect, ConversationEvent, ConversationNext, ConversationState } from '../questionnaire/types.ts';
import { applyEffects } from './effects.ts';
import { withNumber } from './numbers.ts';
import { tellFollowUp, tellTalk } from './run.ts';
import type { Talk } from './run.ts';

/** The given events, then what it was told; then it decides. */
export function resumeTalk(talk: Talk, events: readonly ConversationEvent[]): ConversationNext {
  const { play } = talk.run;
  const evolved = evolveTalk(talk, events);
  const decision = decideConversation(talk.rules, evolved.state, play.now, 1, play.newId);
  save(talk, decision.state, [...evolved.effects, ...decision.effects]);
  return decision.next;
}

/** Applies events as a webhook does: what to do next is left to the thread, which looks at once. */
export function applyToTalk(talk: Talk, events: readonly ConversationEvent[]): void {
  const wasDone = talk.state.status === 'done';
  const count = events.length + talk.inbox.length;
  const { state, effects } = evolveTalk(talk, events);
  save(talk, state, effects);
  if (count > 0 && !wasDone) talk.timer = talk.run.play.now;
}

function evolveTalk(talk: Talk, events: readonly ConversationEvent[]): { state: ConversationState; effects: ConversationEffect[] } {
  let { state } = talk;
  const effects: ConversationEffect[] = [];
  const asksAgain: ConversationEvent[] = state.resumesWhenFree === true ? [{ kind: 'number-free', at: talk.run.play.now }] : [];
  for (const told of [...events, ...talk.inbox.splice(0), ...asksAgain]) {
    const event = withNumber(talk, state, told);
    if (event === null) continue;
    const evolved = evolveConversation(talk.rules, state, event);
    state = evolved.state;
    effects.push(...evolved.effects);
  }
  return { state, effects };
}

function save(talk: Talk, state: ConversationState, effects: readonly ConversationEffect[]): void {
  const { run } = talk;
  const hasEnded = state.status === 'done' && talk.state.status !== 'done';
  talk.state = state;
  if (hasEnded) talk.closedAt = run.play.now;
  const hadNumber = talk.hasNumber;
  if (state.status === 'starting' && state.askedAt === null) talk.hasNumber = false;
  if (hadNumber && (hasEnded || !talk.hasNumber)) for (const { touchpointId, state: { status, reason, resumesWhenFree } } of run.play.talks) if ((status === 'starting' && reason === 'number-busy') || resumesWhenFree === true) tellTalk(run.play, touchpointId, { kind: 'number-free', at: run.play.now });
  applyEffects(run, effects.flatMap((effect): FollowUpEffect[] => (effect.kind === 'plan-call' ? [] : [effect])));
  if (hasEnded && state.outcome !== null) tellFollowUp(run, { kind: 'conversation-ended', touchpointId: talk.touchpointId, outcome: state.outcome, reason: state.reason ?? '', actions: state.held ?? [] });
}
