import type { Level } from '../codes.ts';
import type { AnswersJudged } from '../plan/answers.ts';
import { enabledItems } from '../questionnaire/enabled.ts';
import type { Answer, Answers, Item, Questionnaire } from '../questionnaire/format.ts';
import { judgeTalk } from './rules.ts';
import type { Run, Talk } from './run.ts';
import type { Reply } from './types.ts';

/** Decides, when a conversation begins, what the patient would answer in it. */
export function chooseAnswers(run: Run, talk: Talk): void {
  const { reply } = talk;
  switch (reply.kind) {
    case 'answers':
      talk.answers = reply.answers;
      return;
    case 'green':
      talk.answers = calmAnswers(run, talk);
      return;
    case 'red':
    case 'amber':
      talk.answers = alarmingAnswers(run, talk, reply.kind);
      return;
    case 'silent':
    case 'text':
      talk.answers = {};
  }
}

/** How a person writes an answer by text; null: not at all. An optional item without an answer is left out in so many words. */
export function wordsFor(item: Item, answer: Answer | undefined): string | null {
  if (answer === undefined) return item.optional ? 'SKIP' : null;
  return item.kind === 'choice' ? (item.options.find((option) => option.code === answer)?.key ?? String(answer)) : String(answer);
}

/** What is pressed or said on a call; both null: silence. */
export function keysFor(item: Item, answer: Answer | undefined): { digits: string | null; speech: string | null } {
  if (answer === undefined) return { digits: item.optional ? '*' : null, speech: null };
  if (item.kind === 'text') return { digits: null, speech: String(answer) };
  return { digits: (wordsFor(item, answer) ?? '').replace('.', '*'), speech: null };
}

export function waitBefore(reply: Exclude<Reply, { kind: 'text' }>, itemId: string): number {
  if (reply.kind === 'silent') return 0;
  return reply.kind === 'answers' && Object.hasOwn(reply.delaysMs, itemId) ? (reply.delaysMs[itemId] ?? reply.afterMs) : reply.afterMs;
}

const trialsAtMost = 3_000;
/** After a search in vain the next occurrence of the step tries few: only what has happened since could make a difference. */
const trialsAgain = 50;

/** Item by item the first answer that alarms least; those of the last time while they alarm no more than then. */
function calmAnswers(run: Run, talk: Talk): Answers {
  const key = `${talk.step.id} calm`;
  const known = run.found.get(key);
  if (known !== undefined && alarm(run, talk, known.answers).weight <= known.weight) return known.answers;
  const answers = searchCalm(run, talk);
  run.found.set(key, { answers, weight: alarm(run, talk, answers).weight });
  return answers;
}

function searchCalm(run: Run, talk: Talk): Answers {
  const { questionnaire } = talk;
  let best: Answers = Object.fromEntries(questionnaire.items.map((item) => [item.id, quietest(run, talk, item)]));
  let least = alarm(run, talk, best).weight;
  for (let round = 0; round < 2 && least > 0; round += 1) {
    for (const item of questionnaire.items) {
      for (const value of candidates(item)) {
        const tried = { ...best, [item.id]: value };
        const { weight } = alarm(run, talk, tried);
        if (weight < least) [best, least] = [tried, weight];
      }
    }
  }
  return asked(questionnaire, best);
}

/**
 * The first answer that alarms least where nothing else is answered. Of `diarrhoea is yes or vomiting is yes` no answer changed by itself
 * ends the alarm while both are "yes": so each begins where it gives no alarm of its own.
 */
function quietest(run: Run, talk: Talk, item: Item): Answer {
  const weights = candidates(item).map((value) => ({ value, weight: weightOf(judgedAs(run, talk, { [item.id]: value }, false)) }));
  return weights.reduce<{ value: Answer; weight: number } | null>((best, other) => (best === null || other.weight < best.weight ? other : best), null)?.value ?? 'ok';
}

/** Answers that raise an alert of this level: one answer changed, or two, or all of them; calm ones where none does. */
function alarmingAnswers(run: Run, talk: Talk, level: Level): Answers {
  const { questionnaire } = talk;
  const calm = calmAnswers(run, talk);
  const key = `${talk.step.id} ${level}`;
  const known = run.found.get(key);
  if (known !== undefined && alarm(run, talk, known.answers).level === level) return known.answers;
  const atMost = known === undefined ? trialsAtMost : trialsAgain;
  const full: Answers = { ...Object.fromEntries(questionnaire.items.map((item) => [item.id, candidates(item)[0] ?? 'ok'])), ...calm };
  let trials = 0;
  for (const tried of variations(questionnaire, full)) {
    if ((trials += 1) > atMost) break;
    if (alarm(run, talk, tried).level !== level) continue;
    run.found.set(key, { answers: asked(questionnaire, tried), weight: 0 });
    return asked(questionnaire, tried);
  }
  if (known === undefined) run.found.set(key, { answers: calm, weight: 0 });
  return calm;
}

function* variations(questionnaire: Questionnaire, calm: Answers): Generator<Answers> {
  const changes = questionnaire.items.flatMap((item) => candidates(item).map((value) => ({ [item.id]: value })));
  for (const change of changes) yield { ...calm, ...change };
  for (const place of [-1, 0]) yield Object.fromEntries(questionnaire.items.map((item) => [item.id, candidates(item).at(place) ?? 'ok']));
  for (const [index, one] of changes.entries()) for (const other of changes.slice(index + 1)) yield { ...calm, ...one, ...other };
}

function alarm(run: Run, talk: Talk, answers: Answers): { weight: number; level: Level | null } {
  const judged = judgedAs(run, talk, asked(talk.questionnaire, answers), true);
  return { weight: weightOf(judged), level: judged.level };
}

/** Judged as a second reading, so that a rule which asks again first counts as the alarm that it leads to. */
function judgedAs(run: Run, talk: Talk, after: Answers, isComplete: boolean): AnswersJudged {
  return judgeTalk(run, talk, { before: {}, after, isComplete, respondent: talk.dialogue.respondent }, '~confirm');
}

function weightOf({ level, effects, actions }: AnswersJudged): number {
  return (level === 'red' ? 1_000 : level === 'amber' ? 100 : 0) + effects.length * 10 + actions.length;
}

function asked(questionnaire: Questionnaire, answers: Answers): Answers {
  const ids = new Set(enabledItems(questionnaire, answers).map((item) => item.id));
  return Object.fromEntries(Object.entries(answers).filter(([id]) => ids.has(id)));
}

const fewNumbers = 12;

/** Answers worth trying: every option; every number of a short scale, some of a long one, a third of the way up first, because most healthy readings lie there. */
function candidates(item: Item): Answer[] {
  switch (item.kind) {
    case 'choice':
      return item.options.map((option) => option.code);
    case 'number': {
      const { min, max, decimals } = item;
      const count = Math.min(fewNumbers, Math.max(1, Math.round(max - min)));
      const steps = Array.from({ length: count + 1 }, (_, step) => Number((min + ((max - min) * step) / count).toFixed(decimals)));
      return [steps[Math.floor(count / 3)] ?? min, ...steps];
    }
    case 'text':
      return ['ok'];
  }
}
