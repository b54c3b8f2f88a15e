import type { AuditEvent, Escalation, Evidence, Scene, StoryItem, Task, Touchpoint } from './scene.ts';

/** Lists of the whole department, read once for all patients. */
export interface Lists {
  tasks: Task[];
  escalations: Escalation[];
}

export async function readLists({ actors }: Pick<Scene, 'actors'>): Promise<Lists> {
  const { coordinator } = actors;
  const [tasks, unfinished, closed] = await Promise.all([coordinator.all<Task>('/v1/tasks?status=unfinished'), coordinator.all<Escalation>('/v1/escalations?status=unfinished'), coordinator.all<Escalation>('/v1/escalations?status=closed')]);
  return { tasks, escalations: [...unfinished, ...closed] };
}

/** Gathers what became of one patient, by the public API and at the phones. */
export async function gather(scene: Scene, lists: Lists): Promise<Evidence> {
  const { actors, phones, enrolmentId, otherEnrolmentId, patientId, phone } = scene;
  const of = `/v1/enrolments/${enrolmentId}`;
  const [enrolment, story, explained, audit, texts, replies, calls] = await Promise.all([
    actors.coordinator.get<{ status: string; endReason: string | null; touchpoints: Touchpoint[] }>(of),
    actors.coordinator.all<StoryItem>(`${of}/story`),
    actors.coordinator.get<{ next: { words: { en: string } } }>(`${of}/explain`),
    actors.auditor.all<AuditEvent>(`/v1/patients/${patientId}/audit-events`),
    phones.messagesTo(phone),
    phones.messagesFrom(phone),
    phones.callsTo(phone),
  ]);
  const other = otherEnrolmentId === null ? null : await Promise.all([
    actors.coordinator.get<{ touchpoints: Touchpoint[] }>(`/v1/enrolments/${otherEnrolmentId}`),
    actors.coordinator.all<StoryItem>(`/v1/enrolments/${otherEnrolmentId}/story`),
  ]);
  const recordings = (await Promise.all(calls.map((call) => phones.recordingsOf(call.sid)))).flat();
  const answers: Evidence['answers'] = {};
  for (const { touchpointId, stepId } of enrolment.touchpoints.filter((touchpoint) => touchpoint.outcome === 'answered')) {
    answers[stepId] = (await actors.secondOnCall.get<{ answers: Record<string, number | string> }>(`/v1/touchpoints/${touchpointId}/responses`)).answers;
  }
  return {
    enrolment,
    otherTouchpoints: other?.[0].touchpoints ?? [],
    story: [...story, ...(other?.[1] ?? [])].sort((a, b) => a.at.localeCompare(b.at)),
    answers,
    tasks: lists.tasks.filter((task) => task.patientId === patientId),
    escalations: lists.escalations.filter((escalation) => escalation.patientId === patientId),
    audit,
    texts,
    replies,
    calls,
    recordings,
    explanation: explained.next.words.en,
    notes: scene.notes,
    texted: (contains) => texts.filter((text) => text.body.includes(contains)),
    outcomeOf: (stepId) => enrolment.touchpoints.find((touchpoint) => touchpoint.stepId === stepId)?.outcome ?? null,
  };
}
