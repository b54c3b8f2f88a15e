import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { storyTells, timerRuns } from './reactions.ts';
import { until } from './scene.ts';
import type { Scene } from './scene.ts';

/** What a coordinator does before a plan meets a patient, and when it is changed while patients are in the middle of it. */

interface Rehearsed {
  timeline: { kind: string; stepId: string | null; outcome: string | null }[];
}

/** Plays this patient's plan beforehand with the answers that the patient will give, and notes how each step would end. */
export async function rehearsesFirst({ actors, enrolmentId, patient, notes }: Scene): Promise<void> {
  const { zone, startedAt } = await actors.coordinator.get<{ zone: string; startedAt: string }>(`/v1/enrolments/${enrolmentId}`);
  const { timeline } = await actors.coordinator.post<Rehearsed>('/v1/plans/rehearse', {
    plan: await planFile(patient.plan),
    patient: { language: patient.person.language, zone, consents: patient.consents },
    anchors: { enrolment: startedAt },
    from: startedAt,
    until: 'P2D',
    replies: { steps: { 'pain-today': [{ kind: 'answers', answers: { pain: 2 }, after: 'PT2S' }] }, otherwise: { kind: 'green', after: 'PT2S' } },
  });
  const ended = timeline.flatMap(({ kind, stepId, outcome }) => (kind === 'step-ended' ? [`${stepId ?? ''} ${outcome ?? ''}`] : []));
  notes.set('rehearsed', ended.sort().join(', '));
}

interface Preview {
  groups: { result: string; count: number; words: { en: string } }[];
}

/** While this patient's reminder is awaited, its plan gets a second version with other words, and those who wait are moved to it. */
export async function isMovedToNextVersion(scene: Scene): Promise<void> {
  const { actors, patient, notes } = scene;
  await timerRuns(scene);
  await actors.coordinator.publish((await planFile(patient.plan)).replace('version: 1', 'version: 2').replace('message: visit-reminder', 'message: surgery-preparation'));
  const versions = { from: 1, to: 2 };
  const { groups } = await actors.coordinator.post<Preview>(`/v1/plans/${patient.plan}/migrations/preview`, versions);
  notes.set('preview', groups.filter(({ result }) => result === 'moved').map(({ words }) => words.en).join(' '));
  await actors.coordinator.post(`/v1/plans/${patient.plan}/migrations`, { ...versions, choice: 'move', why: 'other-words' });
  await until('the move', async () => ((await storyTells(scene, { what: 'enrolment.migrated' })) ? true : undefined));
}

async function planFile(id: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`../../templates/plans/${id}.yaml`, import.meta.url)), 'utf8');
}
