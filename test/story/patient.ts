import { randomUUID } from 'node:crypto';
import { answerCall, takeCallTurn } from '../../api/inbound/voice-call.ts';
import type { VoiceAnswer } from '../../api/inbound/voice-call.ts';
import { takeCallStatus } from '../../api/inbound/call-status.ts';
import { receiveText } from '../../api/inbound/receive-text.ts';
import { phrases } from '../../domain/dialogue/phrases.ts';
import { keysFor, waitBefore, wordsFor } from '../../domain/rehearsal/answers.ts';
import type { AssumedPatient, CallManner, Reply } from '../../domain/rehearsal/types.ts';
import type { Item, Questionnaire } from '../../domain/questionnaire/format.ts';
import { parseCallCallback } from '../../providers/twilio/callbacks.ts';
import type { CarePatient } from '../support/care-world.ts';
import type { Clockwork } from './clockwork.ts';
import type { Line } from './lines.ts';
import type { Stage } from './stage.ts';

/** A step that asks, as its patient meets it: what is asked, and what the patient has made up their mind to do. */
export interface Asked {
  questionnaire: Questionnaire;
  reply: Reply;
}

/** The assumed patient in the flesh: reads what arrives, and answers it by the same habits as in the rehearsal. Knows only what was sent and said. */
export interface LivePatient {
  /** A first question has come. */
  reads(asked: Asked, text: string): void;
  /** Words after a while, whatever is asked. */
  writes(text: string, afterMs: number): void;
  /** The phone rings. */
  rings(asked: Asked, call: { callId: string; sid: string; attempt: number }): void;
}

const ringMs = 10_000;
const unansweredMs = 30_000;
const turnMs = 10_000;

export function openPatient({ world }: Stage, patient: AssumedPatient, { phone }: CarePatient, clock: Clockwork, told: Line[]): LivePatient {
  let asking: Asked | null = null;
  const questionIn = (questionnaire: Questionnaire, text: string): Item | undefined => questionnaire.items.filter((item) => text.includes(item.text[patient.language])).at(-1);

  const arrive = async (text: string): Promise<void> => {
    if (patient.phone !== 'mobile') return;
    told.push(['reply', clock.now(), text]);
    const before = asking;
    const reply = await receiveText(world.inbound, `SM${randomUUID().replaceAll('-', '')}`, { from: phone.number, body: text, media: 0, optOutType: null }, new AbortController().signal);
    for (const answer of reply?.answers ?? []) {
      told.push(['answer', clock.now(), answer]);
      if (before !== null) read(before, answer, false);
    }
  };
  const read = (asked: Asked, text: string, isFirst: boolean): void => {
    const { reply } = asked;
    if (patient.phone !== 'mobile') return;
    if (reply.kind === 'text') {
      if (isFirst) clock.after(reply.afterMs, () => arrive(reply.text));
      return;
    }
    const item = questionIn(asked.questionnaire, text);
    const words = item === undefined || reply.kind !== 'answers' ? null : wordsFor(item, reply.answers[item.id]);
    if (item !== undefined && words !== null) clock.after(waitBefore(reply, item.id), () => arrive(words));
  };

  const mannerOf = ({ calls, kind }: Reply, attempt: number): CallManner => calls[Math.min(attempt - 1, calls.length - 1)] ?? (kind === 'silent' || kind === 'text' ? 'no-answer' : 'answers');
  const rings = (asked: Asked, call: { callId: string; sid: string; attempt: number }): void => {
    const manner = mannerOf(asked.reply, call.attempt);
    const request = (answeredBy: string | null) => ({ callId: call.callId, providerSid: call.sid, answeredBy, signal: new AbortController().signal, waitMs: 60_000, onListener: () => undefined });
    const status = (word: string): Promise<void> => {
      const callback = parseCallCallback({ CallSid: call.sid, CallStatus: word });
      if (callback === null) throw new Error('This is no status of a call.');
      return takeCallStatus(world.inbound, call.callId, callback, null);
    };
    const hear = (answer: VoiceAnswer): void => {
      if (answer?.prompt.gather == null) {
        // The line is closed by us; the provider says so.
        clock.after(0, () => status('completed'));
        return;
      }
      const { prompt, turn } = answer;
      clock.after(turnMs, async () => {
        const said = prompt.say.join(' ');
        const item = questionIn(asked.questionnaire, said);
        const next = await takeCallTurn(world.inbound, request(null), turn, respond(asked, said, item, manner));
        if (manner === 'hangs-up' && item !== undefined && next?.prompt.gather != null) clock.after(turnMs, () => status('completed'));
        else hear(next);
      });
    };
    switch (manner) {
      case 'no-answer':
      case 'busy':
        clock.after(manner === 'busy' ? ringMs : unansweredMs, () => status(manner));
        return;
      case 'machine':
        clock.after(ringMs, async () => {
          await answerCall(world.inbound, request('machine_start'));
        });
        return;
      case 'answers':
      case 'wrong-number':
      case 'caregiver':
      case 'hangs-up':
        clock.after(ringMs, async () => {
          await status('in-progress');
          hear(await answerCall(world.inbound, request('human')));
        });
    }
  };
  const respond = ({ reply }: Asked, said: string, item: Item | undefined, manner: CallManner): { digits: string | null; speech: string | null } => {
    if (item !== undefined) return keysFor(item, reply.kind === 'answers' ? reply.answers[item.id] : undefined);
    if (phrases[patient.language].askRecording.some((sentence) => said.includes(sentence))) return { digits: '1', speech: null };
    return { digits: manner === 'wrong-number' ? '3' : manner === 'caregiver' ? '2' : '1', speech: null };
  };

  return {
    reads(asked, text) {
      asking = asked;
      read(asked, text, true);
    },
    writes: (text, afterMs) => clock.after(afterMs, () => arrive(text)),
    rings,
  };
}
