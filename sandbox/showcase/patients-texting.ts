import { answersCall, answersQuestion } from './call-scripts.ts';
import { rehearsesFirst } from './foresight.ts';
import { answered, contactsBegun, hasTask, holds, isTrue } from './holds.ts';
import { replyTo, secondOnCallTakesIt, storyTells } from './reactions.ts';
import { until } from './scene.ts';
import type { Evidence, Patient } from './scene.ts';
import { words } from './words.ts';

/** Patients who are asked by text. */
export const textingPatients: readonly Patient[] = [
  {
    id: 'all-green',
    person: { name: '周晓明', birthDate: '1968-03-11', sex: 'male', language: 'zh', zone: 'day', phone: '21' },
    consents: ['sms', 'voice'],
    plan: 'showcase',
    manner: { calls: [answersCall('zh', 'agrees', 1)] },
    async act(scene) {
      await Promise.all([rehearsesFirst(scene), replyTo(scene, 'pain', '2')]);
    },
    checks: (seen) => [
      holds('a rehearsal told how each step would end', seen.enrolment.touchpoints.map(({ stepId, outcome }) => `${stepId} ${outcome ?? ''}`).sort().join(', '), seen.notes.get('rehearsed')),
      holds('the welcome is delivered', seen.outcomeOf('welcome'), 'delivered'),
      answered(seen, 'pain-today', 2),
      answered(seen, 'recovery-call', 1),
      holds('nobody is alarmed', [seen.escalations.length, seen.tasks.length], [0, 0]),
      holds('the plan is completed', [seen.enrolment.status, seen.enrolment.endReason], ['ended', 'completed']),
    ],
  },
  {
    id: 'red-answer',
    person: { name: 'Harriet Okafor', birthDate: '1951-11-02', sex: 'female', language: 'en', zone: 'day', phone: '22' },
    consents: ['sms', 'voice'],
    plan: 'showcase-question',
    async act(scene) {
      scene.notes.set('startedAt', Date.now());
      await Promise.all([replyTo(scene, 'pain', '8'), secondOnCallTakesIt(scene)]);
    },
    until: async ({ actors, patientId }) =>
      (await actors.secondOnCall.get<{ items: { patientId: string }[] }>('/v1/escalations?status=closed&limit=200')).items.some((each) => each.patientId === patientId),
    checks: redChecks,
  },
  {
    id: 'never-answers',
    person: { name: 'Walter Lindgren', birthDate: '1940-07-23', sex: 'male', language: 'en', zone: 'day', phone: '23' },
    consents: ['sms', 'voice'],
    plan: 'showcase-silence',
    manner: { calls: [{ kind: 'no-answer' }] },
    checks: (seen) => [
      holds('one question, one nudge, one call', [seen.texted(words.pain.en).length - seen.texted(words.nudge.en).length, seen.texted(words.nudge.en).length, seen.calls.length], [1, 1, 1]),
      hasTask(seen, 'no-answer'),
      holds('the question counts as missed', seen.outcomeOf('pain-today'), 'missed'),
    ],
  },
  {
    id: 'stop-midway',
    person: { name: 'Bridget Amsel', birthDate: '1979-01-30', sex: 'female', language: 'en', zone: 'day', phone: '24' },
    consents: ['sms', 'voice'],
    plan: 'showcase',
    manner: { calls: [answersCall('en', 'agrees', 1)] },
    act: (scene) => replyTo(scene, 'pain', 'STOP.'),
    checks: (seen) => [
      holds('one confirmation and nothing after it', afterStop(seen), [words.stopped.en]),
      holds('no call is placed', seen.calls.length, 0),
      hasTask(seen, 'opted-out'),
    ],
  },
  {
    id: 'landline',
    person: { name: 'Edith Moreau', birthDate: '1938-09-14', sex: 'female', language: 'en', zone: 'day', phone: '25' },
    consents: ['sms', 'voice'],
    plan: 'showcase-question',
    manner: { text: 'landline', calls: [answersQuestion('en', 3)] },
    checks: (seen) => [
      holds('the text fails as one to a landline', seen.texts.map((text) => text.errorCode), [30006]),
      holds('the call asks instead', seen.calls.map((call) => call.status), ['completed']),
      answered(seen, 'pain-today', 3),
    ],
  },
  {
    id: 'answer-dropped',
    person: { name: 'Tomasz Wolny', birthDate: '1983-05-05', sex: 'male', language: 'en', zone: 'day', phone: '26' },
    consents: ['sms', 'voice'],
    plan: 'showcase-question',
    fault: { kind: 'accept-then-drop', on: 'create-message', times: 1 },
    act: (scene) => replyTo(scene, 'pain', '3'),
    checks: (seen) => [
      holds('the question was sent exactly once', seen.texted(words.pain.en).map((text) => text.status), ['delivered']),
      answered(seen, 'pain-today', 3),
    ],
  },
  householdMember('household-first', 'Agnes Petrie', 'female', '1946-02-19', '4'),
  householdMember('household-second', 'Angus Petrie', 'male', '1944-12-08', '4'),
];

function redChecks(seen: Evidence) {
  const [escalation] = seen.escalations;
  const paged = seen.story.filter((item) => item.what === 'escalation.page-ended').length;
  return [
    answered(seen, 'pain-today', 8),
    holds('one red alert', seen.escalations.map(({ level, ruleId }) => [level, ruleId]), [['red', 'strong-pain']]),
    isTrue('the first on call was silent, so the second was paged', paged >= 2, `${paged} pages`),
    isTrue('a named person acknowledged', escalation?.acknowledgedBy != null, 'nobody did'),
    holds('it ended when the patient was reached', [escalation?.status, escalation?.closeReason], ['closed', 'patient-reached']),
    holds('the patient got emergency advice once', seen.texted(words.advice.en).length, 1),
  ];
}

/** What reached the phone from the moment of STOP on: the words of each. */
function afterStop(seen: Evidence): string[] {
  const stoppedAt = seen.replies[0]?.createdAt ?? 0;
  return seen.texts.filter((text) => text.createdAt > stoppedAt).map((text) => (text.body.includes(words.stopped.en) ? words.stopped.en : text.body));
}

/** Two people with one phone, each asked there. The phone's answers come once the second question is known to wait for the first. */
function householdMember(id: 'household-first' | 'household-second', name: string, sex: 'female' | 'male', birthDate: string, pain: string): Patient {
  const second: Pick<Patient, 'comesAfter' | 'act'> = {
    comesAfter: (phones, phone) => phones.delivered(phone, words.pain.en),
    async act(scene) {
      await until('the second question waits', () => storyTells(scene, { reason: 'number-busy' }));
      await scene.phones.reply(scene.phone, pain);
      const answeredAt = Date.now();
      await scene.phones.delivered(scene.phone, words.pain.en, answeredAt);
      await scene.phones.reply(scene.phone, pain);
    },
  };
  return {
    id,
    person: { name, birthDate, sex, language: 'en', zone: 'day', phone: '27' },
    consents: ['sms'],
    plan: 'showcase-question',
    ...(id === 'household-second' ? second : {}),
    checks: (seen) => [
      answered(seen, 'pain-today', Number(pain)),
      holds('two questions and two answers, never two open at once', turnsOf(seen), ['question', 'answer', 'question', 'answer']),
      holds('two contacts were begun on the phone', contactsBegun(seen), 2),
    ],
  };
}

function turnsOf(seen: Evidence): string[] {
  const turns = [...seen.texted(words.pain.en).map(({ createdAt }) => ({ createdAt, turn: 'question' })), ...seen.replies.map(({ createdAt }) => ({ createdAt, turn: 'answer' }))];
  return turns.sort((a, b) => a.createdAt - b.createdAt).map(({ turn }) => turn);
}
