import { pagers } from './people.ts';
import { until } from './scene.ts';
import type { Escalation, Scene, StoryItem } from './scene.ts';
import { words } from './words.ts';
import type { Spoken } from './words.ts';

/** Waits for a text to this patient and answers it. */
export async function replyTo(scene: Scene, what: Spoken, text: string): Promise<void> {
  await scene.phones.delivered(scene.phone, words[what][scene.patient.person.language]);
  await scene.phones.reply(scene.phone, text);
}

/** The second on call replies with the code of the page, then says by the API that the patient was reached. */
export async function secondOnCallTakesIt(scene: Scene): Promise<void> {
  const { phones, actors } = scene;
  const page = await phones.delivered(pagers.secondOnCall, words.page, scene.notes.get('startedAt') as number);
  const code = /\d{6}/.exec(page.body)?.[0];
  if (code === undefined) throw new Error('The page holds no code.');
  await phones.reply(pagers.secondOnCall, code);
  const { escalationId } = await until('an acknowledged escalation', () => escalationOf(scene, 'acknowledged'));
  await actors.secondOnCall.post(`/v1/escalations/${escalationId}/close`, { reason: 'patient-reached' });
}

async function escalationOf({ actors, patientId }: Scene, status: string): Promise<Escalation | undefined> {
  const { items } = await actors.secondOnCall.get<{ items: Escalation[] }>(`/v1/escalations?status=${status}&limit=200`);
  return items.find((each) => each.patientId === patientId);
}

interface Outlook {
  unheard: number;
  next: { kind: string; dueAt: string | null };
}

/** Waits until this patient's thread sleeps on its timer. */
export async function timerRuns(scene: Scene): Promise<void> {
  const dueAt = await until('a timer that runs', async () => {
    const { unheard, next } = await scene.actors.coordinator.get<Outlook>(`/v1/enrolments/${scene.enrolmentId}/explain`);
    return unheard === 0 && next.kind === 'wait' ? next.dueAt : undefined;
  });
  scene.notes.set('dueAt', dueAt);
}

/** Waits until the moment at which something would have been sent has passed. */
export async function dueMomentIsOver({ notes }: Scene): Promise<boolean> {
  const dueAt = Date.parse(String(notes.get('dueAt')));
  await until('the due moment', () => Promise.resolve(Date.now() > dueAt + 2_000));
  return true;
}

/** Whether the story has a line like this by now. */
export async function storyTells(scene: Scene, line: { what?: string; reason?: string }): Promise<boolean> {
  const items = await scene.actors.coordinator.all<StoryItem>(`/v1/enrolments/${scene.enrolmentId}/story`);
  return items.some((item) => (line.what === undefined || item.what === line.what) && (line.reason === undefined || item.detail['reason'] === line.reason));
}
