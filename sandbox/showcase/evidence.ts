import type { AuditEvent, Escalation, Evidence, Scene, StoryItem, Task, Touchpoint } from './scene.ts';

interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** Lists of the whole department, read once for all patients. */
export interface Lists {
  tasks: Task[];
  escalations: Escalation[];
}

export async function readLists({ actors }: Pick<Scene, 'actors'>): Promise<Lists> {
  const all = async <Item>(path: string): Promise<Item[]> => {
    const items: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Page<Item> = await actors.coordinator.get<Page<Item>>(`${path}&limit=200${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  };
  const [tasks, unfinished, closed] = await Promise.all([all<Task>('/v1/tasks?status=unfinished'), all<Escalation>('/v1/escalations?status=unfinished'), all<Escalation>('/v1/escalations?status=closed')]);
  return { tasks, escalations: [...unfinished, ...closed] };
}

/** Gathers what became of one patient, by the public API and at the phones. */
export async function gather(scene: Scene, lists: Lists): Promise<Evidence> {
  const { actors, phones, enrolmentId, otherEnrolmentId, patientId, phone } = scene;
  const of = `/v1/enrolments/${enrolmentId}`;
  const [enrolment, story, explained, audit, texts, replies, calls] = await Promise.all([
    actors.coordinator.get<{ status: string; endReason: string | null; touchpoints: Touchpoint[] }>(of),
    actors.coordinator.get<{ items: StoryItem[] }>(`${of}/story`),
    actors.coordinator.get<{ next: { words: { en: string } } }>(`${of}/explain`),
    actors.auditor.get<{ items: AuditEvent[] }>(`/v1/patients/${patientId}/audit-events`),
    phones.messagesTo(phone),
    phones.messagesFrom(phone),
    phones.callsTo(phone),
  ]);
  const other = otherEnrolmentId === null ? null : await Promise.all([
    actors.coordinator.get<{ touchpoints: Touchpoint[] }>(`/v1/enrolments/${otherEnrolmentId}`),
    actors.coordinator.get<{ items: StoryItem[] }>(`/v1/enrolments/${otherEnrolmentId}/story`),
  ]);
  const recordings = (await Promise.all(calls.map((call) => phones.recordingsOf(call.sid)))).flat();
  const answers: Evidence['answers'] = {};
  for (const { touchpointId, stepId } of enrolment.touchpoints.filter((touchpoint) => touchpoint.outcome === 'answered')) {
    answers[stepId] = (await actors.secondOnCall.get<{ answers: Record<string, number | string> }>(`/v1/touchpoints/${touchpointId}/responses`)).answers;
  }
  return {
    enrolment,
    otherTouchpoints: other?.[0].touchpoints ?? [],
    story: [...story.items, ...(other?.[1].items ?? [])].sort((a, b) => a.at.localeCompare(b.at)),
    answers,
    tasks: lists.tasks.filter((task) => task.patientId === patientId),
    escalations: lists.escalations.filter((escalation) => escalation.patientId === patientId),
    audit: audit.items,
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
