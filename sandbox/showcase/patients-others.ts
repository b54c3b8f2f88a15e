import { answersCall, wrongNumber } from './call-scripts.ts';
import { isMovedToNextVersion } from './foresight.ts';
import { answered, hasTask, holds, isTrue, nothingSent } from './holds.ts';
import { dueMomentIsOver, storyTells, timerRuns } from './reactions.ts';
import type { Evidence, Patient, PatientCheck } from './scene.ts';
import { words } from './words.ts';

/** Patients who are called, and those who must not be contacted. */
export const otherPatients: readonly Patient[] = [
  {
    id: 'call-recorded',
    person: { name: 'Ingrid Solheim', birthDate: '1957-06-17', sex: 'female', language: 'en', zone: 'day', phone: '31' },
    consents: ['voice'],
    plan: 'showcase-call',
    manner: { calls: [answersCall('en', 'agrees', 2)] },
    until: async ({ phones, phone, actors, patientId }) => {
      const recordings = await Promise.all((await phones.callsTo(phone)).map((call) => phones.recordingsOf(call.sid)));
      const events = await actors.auditor.all<{ action: string }>(`/v1/patients/${patientId}/audit-events`);
      return recordings.flat().some((recording) => recording.deleted) && events.some((event) => event.action === 'store-recording');
    },
    checks: (seen) => [
      answered(seen, 'recovery-call', 2),
      isTrue('consent to the recording is in the ledger', seen.audit.some((event) => event.action === 'store-recording' && event.verdict === 'allowed'), 'no store-recording event'),
      holds('it was recorded once, and is deleted at the provider', seen.recordings.map((recording) => recording.deleted), [true]),
    ],
  },
  {
    id: 'call-unrecorded',
    person: { name: '孙丽华', birthDate: '1962-10-25', sex: 'female', language: 'zh', zone: 'day', phone: '32' },
    consents: ['voice'],
    plan: 'showcase-call',
    manner: { calls: [answersCall('zh', 'refuses', 4)] },
    checks: (seen) => [answered(seen, 'recovery-call', 4), holds('the provider recorded nothing', seen.recordings.length, 0)],
  },
  {
    id: 'wrong-number',
    person: { name: 'Priya Raman', birthDate: '1990-04-09', sex: 'female', language: 'en', zone: 'day', phone: '33' },
    consents: ['sms', 'voice'],
    plan: 'showcase-call',
    manner: { calls: [wrongNumber] },
    checks: (seen) => [
      holds('the call ends as one to a wrong number', seen.enrolment.touchpoints.map(({ outcome, reason }) => [outcome, reason]), [['failed', 'wrong-number']]),
      isTrue('nothing of health was said', !seen.calls.some((call) => call.transcript.some(({ text }) => /pain|surgery|operation|hospital stay/i.test(text))), 'the call spoke of it'),
      hasTask(seen, 'wrong-number'),
      holds('the number is called once', seen.calls.length, 1),
    ],
  },
  {
    id: 'no-consent',
    person: { name: 'Lionel Achebe', birthDate: '1974-08-28', sex: 'male', language: 'en', zone: 'day', phone: '34' },
    consents: [],
    plan: 'showcase',
    checks: (seen) => [nothingSent(seen), refusedInLedger(seen, 'no-consent'), holds('every step is missed', outcomes(seen), ['missed', 'missed', 'missed'])],
  },
  {
    id: 'consent-withdrawn',
    person: { name: 'Marguerite Duval', birthDate: '1965-12-12', sex: 'female', language: 'en', zone: 'day', phone: '35' },
    consents: ['sms', 'voice'],
    plan: 'showcase-timer',
    async act(scene) {
      await timerRuns(scene);
      const { unresolved } = await scene.actors.coordinator.post<{ unresolved: unknown[] }>(`/v1/patients/${scene.patientId}/consents/withdraw`, { purpose: null, channel: null });
      scene.notes.set('unresolved', unresolved.length);
      await dueMomentIsOver(scene);
    },
    checks: (seen) => [nothingSent(seen), holds('no contact was under way at the withdrawal', seen.notes.get('unresolved'), 0), holds('the follow-up ends', [seen.enrolment.status, seen.enrolment.endReason], ['ended', 'consent-withdrawn'])],
  },
  {
    id: 'deceased',
    person: { name: 'Cornelius Voss', birthDate: '1933-01-07', sex: 'male', language: 'en', zone: 'day', phone: '36' },
    consents: ['sms', 'voice'],
    plan: 'showcase-timer',
    async act(scene) {
      await timerRuns(scene);
      await scene.actors.coordinator.put(`/v1/patients/${scene.patientId}/status`, { status: 'deceased' });
      await dueMomentIsOver(scene);
    },
    checks: (seen) => [nothingSent(seen), holds('the follow-up ends', [seen.enrolment.status, seen.enrolment.endReason], ['ended', 'deceased'])],
  },
  {
    id: 'two-plans',
    person: { name: 'Rosalind Achterberg', birthDate: '1959-02-08', sex: 'female', language: 'en', zone: 'day', phone: '38' },
    consents: ['sms'],
    plan: 'showcase-timer',
    otherPlan: 'showcase-visit',
    checks: mergeChecks,
  },
  {
    id: 'moved-version',
    person: { name: 'Johanna Brandt', birthDate: '1963-09-21', sex: 'female', language: 'en', zone: 'day', phone: '39' },
    consents: ['sms'],
    plan: 'showcase-move',
    planVersion: 1,
    act: isMovedToNextVersion,
    checks: (seen) => [
      holds('the look beforehand told of one whose reminder changes', /^1 /.test(String(seen.notes.get('preview'))), true),
      holds('the message is the new version\'s', seen.texts.map(({ body }) => body.toLowerCase().includes(words.preparation.en)), [true]),
      holds('the story tells of the move', seen.story.filter(({ what }) => what === 'enrolment.migrated').map(({ detail }) => [detail['from'], detail['to'], detail['reason']]), [[1, 2, 'other-words']]),
      holds('the reminder is delivered once', seen.enrolment.touchpoints.map(({ outcome }) => outcome), ['delivered']),
    ],
  },
  {
    id: 'quiet-hours',
    person: { name: 'Mele Tupou', birthDate: '1986-03-03', sex: 'female', language: 'en', zone: 'night', phone: '37' },
    consents: ['sms', 'voice'],
    plan: 'showcase',
    until: (scene) => storyTells(scene, { reason: 'quiet-hours' }),
    checks: quietChecks,
  },
];

/** Which of the two is claimed first, and carries the other, is as it comes. */
function mergeChecks(seen: Evidence): PatientCheck[] {
  const touchpoints = [...seen.enrolment.touchpoints, ...seen.otherTouchpoints];
  const merged = touchpoints.find(({ outcome }) => outcome === 'merged');
  const carrier = touchpoints.find(({ outcome }) => outcome === 'delivered');
  return [
    holds('reminders of two plans arrive as one message', seen.texts.map(({ body }) => [words.visit.en, words.preparation.en].every((each) => body.toLowerCase().includes(each))), [true]),
    holds('each has its own outcome', touchpoints.map(({ outcome }) => outcome).sort(), ['delivered', 'merged']),
    holds('the story names the message that it went with', merged?.reason, `into:${carrier?.touchpointId ?? ''}`),
    holds('and tells both', seen.story.map(({ what }) => what).filter((what) => what === 'touchpoint.merged' || what === 'touchpoint.delivered').sort(), ['touchpoint.delivered', 'touchpoint.merged']),
  ];
}

function quietChecks(seen: Evidence): PatientCheck[] {
  const held = seen.story.find((item) => item.detail['reason'] === 'quiet-hours');
  return [
    nothingSent(seen),
    holds('it is held for the hours', held?.detail['reason'], 'quiet-hours'),
    isTrue('the patient\'s local time is shown', /\d{2}:\d{2}/.test(held?.localTime ?? ''), `shown: ${held?.localTime ?? 'nothing'}`),
    isTrue('until their morning', /08:[0-2]\d/.test(seen.explanation), `explained: ${seen.explanation}`),
  ];
}

function refusedInLedger(seen: Evidence, reason: string): PatientCheck {
  const refused = seen.audit.filter((event) => event.action === 'contact' && event.verdict === 'refused' && event.reason === reason);
  return isTrue(`the ledger holds the refusal: ${reason}`, refused.length > 0, 'it does not');
}

function outcomes(seen: Evidence): (string | null)[] {
  return seen.enrolment.touchpoints.map((touchpoint) => touchpoint.outcome);
}
