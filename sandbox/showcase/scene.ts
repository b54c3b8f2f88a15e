import { setTimeout as delay } from 'node:timers/promises';
import type { FaultRequest } from '../phone/faults.ts';
import type { CallRecord, MessageRecord, RecordingRecord } from '../phone/types.ts';
import type { CareApi } from './care-api.ts';
import type { Actors } from './people.ts';
import { department } from './people.ts';
import { patienceMs } from './phones.ts';
import type { PhoneManner, Phones } from './phones.ts';

/** A person of the showcase. */
export interface Person {
  name: string;
  birthDate: string;
  sex: 'female' | 'male';
  language: 'en' | 'zh';
  /** Whose wall clock shows midday, or deep night, at the start. */
  zone: 'day' | 'night';
  /** Last two digits of a number 555-01xx. */
  phone: string;
  /** What staff noted of them. */
  note?: string;
}

/** One patient of the showcase: who it is, what they agreed to, how their phone behaves, and what they do. */
export interface Patient {
  /** Stable, for checks and tests. */
  id: string;
  person: Person;
  consents: readonly ('sms' | 'email' | 'voice')[];
  plan: string;
  /** The newest unless told. */
  planVersion?: number;
  /** A second plan, begun at the same moment. */
  otherPlan?: string;
  manner?: PhoneManner;
  fault?: Omit<FaultRequest, 'to'>;
  /** What must have happened at this number before the patient comes. */
  comesAfter?: (phones: Phones, phone: string) => Promise<unknown>;
  /** What the patient and those around do, event by event. */
  act?: (scene: Scene) => Promise<void>;
  /** When all of this patient's story has happened; when the follow-up has ended unless told. */
  until?: (scene: Scene) => Promise<boolean>;
  /** Each says in a sentence what held or did not. Called when all patients are through. */
  checks: (seen: Evidence) => PatientCheck[];
}

/** `null`: it holds. Else what was found instead. */
export interface PatientCheck {
  name: string;
  fault: string | null;
}

export interface StoryItem {
  at: string;
  localTime: string;
  what: string;
  stepId: string | null;
  touchpointId: string | null;
  detail: Record<string, string | number | boolean | null>;
}

export interface Touchpoint {
  touchpointId: string;
  stepId: string;
  dueAt: string | null;
  nextAt: string | null;
  status: string;
  outcome: string | null;
  reason: string | null;
  words: { en: string; zh: string };
}

export interface Task {
  taskId: string;
  patientId: string | null;
  kind: string;
  title: string;
}

export interface Escalation {
  escalationId: string;
  patientId: string;
  level: string;
  ruleId: string;
  status: string;
  pagesMade: number;
  acknowledgedBy: string | null;
  closeReason: string | null;
}

export interface AuditEvent {
  at: string;
  action: string;
  verdict: string;
  reason: string | null;
  detail: string | null;
}

/** Everything that can be seen of one patient from outside, once all is over. */
export interface Evidence {
  enrolment: { status: string; endReason: string | null; touchpoints: Touchpoint[] };
  /** Of the second plan, where there is one. */
  otherTouchpoints: Touchpoint[];
  story: StoryItem[];
  answers: Record<string, Record<string, number | string>>;
  tasks: Task[];
  escalations: Escalation[];
  audit: AuditEvent[];
  texts: MessageRecord[];
  replies: MessageRecord[];
  calls: CallRecord[];
  recordings: RecordingRecord[];
  explanation: string;
  /** What the patient's script noted, such as when consent was withdrawn. */
  notes: ReadonlyMap<string, string | number>;
  texted: (contains: string) => MessageRecord[];
  outcomeOf: (stepId: string) => string | null;
}

/** One patient on stage. */
export interface Scene {
  patient: Patient;
  patientId: string;
  enrolmentId: string;
  otherEnrolmentId: string | null;
  phone: string;
  actors: Actors;
  phones: Phones;
  notes: Map<string, string | number>;
}

export interface Stage {
  actors: Actors;
  /** Ids of the follow-ups that have ended. */
  endedEnrolments: () => Promise<ReadonlySet<string>>;
  phones: Phones;
  zones: Readonly<Record<Person['zone'], string>>;
  /** Begins every number of a patient, such as `+120255501`. */
  numberPrefix: string;
  /** Makes record numbers of one run unlike those of another. */
  run: string;
}

const lookEveryMs = 1_000;

/** Waits until `look` gives something, asking about once a second: it happens in other processes, some of which may be dead for a while. Throws when it never does. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false | null>): Promise<T> {
  const endsAt = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false && found !== null) return found;
    if (Date.now() > endsAt) throw new Error(`It never came to this: ${what}.`);
    await delay(lookEveryMs);
  }
}

/** Registers the patient through the public API, records consents, and puts them into their plan. */
export async function enter(stage: Stage, patient: Patient): Promise<Scene> {
  const { person } = patient;
  const { coordinator } = stage.actors;
  const phone = `${stage.numberPrefix}${person.phone}`;
  await stage.phones.register(phone, person.name, patient.manner ?? {});
  if (patient.fault !== undefined) await stage.phones.arm({ ...patient.fault, to: phone });
  await patient.comesAfter?.(stage.phones, phone);
  const patientId = await register(coordinator, stage, patient, phone);
  const anchors = { enrolment: new Date().toISOString() };
  const enrol = async (planId: string, version?: number): Promise<string> => (await coordinator.post<{ enrolmentId: string }>('/v1/enrolments', { patientId, planId, anchors, ...(version === undefined ? {} : { version }) })).enrolmentId;
  const enrolmentId = await enrol(patient.plan, patient.planVersion);
  const otherEnrolmentId = patient.otherPlan === undefined ? null : await enrol(patient.otherPlan);
  return { patient, patientId, enrolmentId, otherEnrolmentId, phone, actors: stage.actors, phones: stage.phones, notes: new Map() };
}

async function register(coordinator: CareApi, stage: Stage, { id, person, consents }: Patient, phone: string): Promise<string> {
  const { name, birthDate, sex, language, zone } = person;
  const { patientId } = await coordinator.post<{ patientId: string }>('/v1/patients', {
    name, birthDate, sex, language, department, ...(person.note === undefined ? {} : { note: person.note }), mrn: `SHOW-${stage.run}-${person.phone}-${id}`, zone: stage.zones[zone], phones: [{ number: phone }], emails: [`${id}@example.org`],
  });
  if (consents.length > 0) {
    await coordinator.post(`/v1/patients/${patientId}/consents`, { purpose: 'follow-up', channels: consents, evidenceKind: 'signature', evidence: `Form ${stage.run}-${id}`, noticeVersion: 'follow-up-1' });
  }
  return patientId;
}
