import { answersCall } from '../../sandbox/showcase/call-scripts.ts';
import { replyTo } from '../../sandbox/showcase/reactions.ts';
import type { Scene } from '../../sandbox/showcase/scene.ts';
import { words } from '../../sandbox/showcase/words.ts';
import { becomes, showcasePlan } from './canary-stage.ts';
import type { CanaryStage } from './canary-stage.ts';

interface Planned {
  touchpointId: string;
  stepId: string;
  status: string;
}

/** The plan of a reminder later, with facts, and a message of its own so that it is seen to go along with another's. */
export async function planWithFacts(): Promise<string> {
  const plan = await showcasePlan('showcase-timer');
  return plan
    .replace('id: showcase-timer', 'id: canary-facts')
    .replace('message: visit-reminder', 'message: surgery-preparation')
    .replace('channels: [sms]', "facts:\n  number_of_card: { kind: number, title: { en: 'Card', zh: '卡号' }, min: 0, max: 9000000000000000 }\n  since: { kind: date, title: { en: 'Since', zh: '起始日' } }\nchannels: [sms]");
}

/** Answers by text, writes to staff, takes a recorded call and says what worries her; then two more plans await her, one of them with facts. */
export async function playCalled(stage: CanaryStage): Promise<Scene> {
  const { texts } = stage.canaries;
  const answers = answersCall('en', 'agrees', 2);
  if (answers.kind === 'human') answers.turns = answers.turns.map((turn) => (turn.when === words.concerns.en ? { ...turn, say: texts.spoken } : turn));
  const scene = await stage.enter('called', 'showcase', '41', { manner: { calls: [answers] } });
  await replyTo(scene, 'pain', '3');
  await replyTo(scene, 'thanks', texts.written);
  await becomes('her recording is kept here alone', async () => {
    const calls = await scene.phones.callsTo(scene.phone);
    return (await Promise.all(calls.map((call) => scene.phones.recordingsOf(call.sid)))).flat().some((recording) => recording.deleted);
  });
  const anchors = { enrolment: new Date().toISOString() };
  const { patientId } = scene;
  await scene.actors.coordinator.post('/v1/enrolments', { patientId, planId: 'canary-facts', anchors, facts: { number_of_card: Number(texts.fact), since: texts.birthDate } });
  await scene.actors.coordinator.post('/v1/enrolments', { patientId, planId: 'showcase-timer', anchors });
  return scene;
}

/** Has agreed to mail alone, and gets one. */
export async function playMailed(stage: CanaryStage): Promise<Scene> {
  const scene = await stage.enter(`mail-${stage.canaries.mark}`, 'showcase', '43', { consents: ['email'] });
  await becomes('the mail', async () => (await plannedOf(scene)).some(({ stepId, status }) => stepId === 'welcome' && status === 'sent'));
  return scene;
}

export async function plannedOf({ actors, enrolmentId }: Scene): Promise<Planned[]> {
  return (await actors.coordinator.get<{ touchpoints: Planned[] }>(`/v1/enrolments/${enrolmentId}`)).touchpoints;
}

/** No secrets in themselves, but said to Temporal in payloads alone: the ids of what was planned for these. */
export async function remindersOf(scenes: readonly Scene[]): Promise<Record<string, string>> {
  const planned = (await Promise.all(scenes.map(plannedOf))).flat().filter(({ stepId }) => stepId === 'welcome');
  return Object.fromEntries(planned.map(({ touchpointId }, index) => [`reminder ${index + 1}`, touchpointId]));
}
