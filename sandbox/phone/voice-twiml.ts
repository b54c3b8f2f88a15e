import type { CallSession } from './call-session.ts';
import { callForm } from './call-session.ts';
import type { Callee } from './callee.ts';
import type { Document } from './live-calls.ts';
import { runVerb } from './voice-verbs.ts';
import { callWebhook } from './webhook.ts';
import { childElements, parseXml, XmlError } from './xml.ts';
import type { XmlElement } from './xml.ts';

/** What follows a verb: the next one, another document (with what was gathered), or the end of the call. */
export type Step = { kind: 'next' } | { kind: 'go'; url: string; method: string; form: Record<string, string> } | { kind: 'hang-up' };

/** The document that is running; relative URLs are read against `url`. */
export interface Place {
  url: string | null;
  method: string;
}

export interface Conversation {
  session: CallSession;
  callee: Callee;
  place: Place;
  /** Aborts when the call ends or another document replaces this one. */
  signal: AbortSignal;
  /** What was said since the callee last answered. */
  prompts: string[];
}

/** A product that redirects in circles would keep the line open for ever. */
const longestConversation = 500;

/** Runs TwiML until there is no more to do; the caller then hangs up. Rejects when `signal` aborts. */
export async function runTwiml(session: CallSession, callee: Callee, first: Document, fallback: Document | undefined, signal: AbortSignal): Promise<void> {
  const conversation: Conversation = { session, callee, place: { url: null, method: 'POST' }, signal, prompts: [] };
  let root = await load(conversation, first, {}, fallback);
  for (let round = 0; round < longestConversation && root !== undefined; round += 1) {
    const step = await runVerbs(conversation, root);
    if (step.kind !== 'go') return;
    root = await load(conversation, { url: step.url, method: step.method }, step.form, fallback);
  }
}

async function runVerbs(conversation: Conversation, root: XmlElement): Promise<Step> {
  for (const verb of childElements(root)) {
    conversation.signal.throwIfAborted();
    const step = await runVerb(conversation, verb);
    if (step.kind !== 'next') return step;
  }
  return { kind: 'hang-up' };
}

/** Undefined, with an alert, when there is no TwiML to run: the provider then ends the call. */
async function load(conversation: Conversation, document: Document, form: Record<string, string>, fallback: Document | undefined): Promise<XmlElement | undefined> {
  const { session, signal } = conversation;
  if ('twiml' in document) return read(conversation, document.twiml, '');
  conversation.place = { url: document.url, method: document.method };
  const answer = await callWebhook(session.network, document.url, { ...callForm(session), ...form }, session.sid, document.method, signal);
  signal.throwIfAborted();
  const root = answer.ok ? readAnswer(conversation, answer.body, answer.contentType, document.url) : undefined;
  if (root !== undefined || fallback === undefined) return root;
  return load(conversation, fallback, { ErrorCode: '11200', ErrorUrl: document.url }, undefined);
}

function readAnswer(conversation: Conversation, body: string, contentType: string, url: string): XmlElement | undefined {
  const { session } = conversation;
  if (/^text\/plain/i.test(contentType)) return { name: 'Response', attributes: {}, children: [{ name: 'Say', attributes: {}, children: [body] }] };
  if (!/xml|text\/html/i.test(contentType)) {
    session.network.alert(12300, `The answer's Content-Type is "${contentType}"; TwiML must be text/xml or application/xml.`, url, session.sid);
    return undefined;
  }
  return read(conversation, body, url);
}

function read(conversation: Conversation, twiml: string, url: string): XmlElement | undefined {
  try {
    const root = parseXml(twiml);
    if (root.name !== 'Response') throw new XmlError('The document element must be Response.');
    return root;
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    conversation.session.network.alert(12100, `The TwiML cannot be read: ${cause.message}`, url, conversation.session.sid);
    return undefined;
  }
}
