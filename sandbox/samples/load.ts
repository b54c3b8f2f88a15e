import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { rotas, staff } from '../secrets.ts';
import { signIn } from '../showcase/care-api.ts';
import type { CareApi } from '../showcase/care-api.ts';

/** A fictional person of patients.json; README.md beside it tells where they come from. */
interface SamplePatient {
  mrn: string;
  name: string;
  birthDate: string;
  sex: string;
  language: string;
  zone: string;
  phone: string;
  email: string;
  conditions: string[];
  deceased: boolean;
  consents: string[];
  /** `daysFromToday` dates the anchor on the patient's calendar; null is this moment. */
  plan: { id: keyof typeof departments; anchor: string; daysFromToday: number | null } | null;
}

/** The plans that samples are put into, with the department of each. */
const departments = { showcase: 'showcase', 'surgery-recovery': 'surgery', 'post-discharge': 'transitions' } as const;

export interface SampleWorld {
  readonly urls: { readonly api: string; readonly auth: string; readonly phones: string };
  readonly secrets: { readonly staff: { readonly coordinator: { readonly login: string; readonly password: string } } };
}

/**
 * Publishes the plans and registers the sample patients through the public API, with consents and enrolments. Patients that
 * are there already keep what has become of them, so it may run at every start. Answers with how many were new.
 */
export async function loadSamples({ urls, secrets }: SampleWorld, signal?: AbortSignal): Promise<number> {
  const { login, password } = secrets.staff.coordinator;
  const api = await signIn(urls, login, password, signal);
  for (const plan of Object.keys(departments)) await api.publish(await readFile(fileURLToPath(new URL(`../../templates/plans/${plan}.yaml`, import.meta.url)), 'utf8'));
  const samples = JSON.parse(await readFile(new URL('patients.json', import.meta.url), 'utf8')) as SamplePatient[];
  await nameThePhones(urls.phones, samples);
  let added = 0;
  for (const sample of samples) if (await load(api, sample)) added += 1;
  return added;
}

/** A card on the phone page says whose it is; a shared phone says all. Who is texted at once comes first, then those on call, whom a red answer pages. */
async function nameThePhones(phones: string, samples: readonly SamplePatient[]): Promise<void> {
  const isTexted = ({ plan, consents }: SamplePatient): boolean => plan?.id === 'showcase' && consents.includes('sms');
  const [now, later] = [samples.filter(isTexted), samples.filter((sample) => !isTexted(sample))];
  const onCall = staff.flatMap(({ login, displayName, phone }) => (phone === null ? [] : [{ phone, name: `${displayName} · ${rotas.find(({ logins }) => logins.some((each) => each === login))?.role ?? 'staff'}` }]));
  const people = [...now, ...onCall, ...later];
  for (const number of new Set(people.map(({ phone }) => phone))) {
    const label = people.filter(({ phone }) => phone === number).map(({ name }) => name).join(' · ');
    await fetch(`${phones}/sandbox/phones`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ number, label }) });
  }
}

/** True when the patient was not there. One whose loading was cut off is completed. */
async function load(api: CareApi, sample: SamplePatient): Promise<boolean> {
  const { patientIds } = await api.post<{ patientIds: string[] }>('/v1/patients/search', { kind: 'mrn', value: sample.mrn });
  const [known] = patientIds;
  const patientId = known ?? (await register(api, sample));
  const { items } = await api.get<{ items: unknown[] }>(`/v1/enrolments?patientId=${patientId}`);
  if (items.length > 0) return known === undefined;
  const card = await api.get<{ status: string; consents: unknown[] }>(`/v1/patients/${patientId}`);
  if (card.consents.length === 0 && sample.consents.length > 0) {
    await api.post(`/v1/patients/${patientId}/consents`, { purpose: 'follow-up', channels: sample.consents, evidenceKind: 'paper', evidence: `Form of ${sample.mrn}`, noticeVersion: 'follow-up-1' });
  }
  if (sample.deceased && card.status === 'active') await api.put(`/v1/patients/${patientId}/status`, { status: 'deceased' });
  if (sample.plan !== null) {
    const { id, anchor, daysFromToday } = sample.plan;
    await api.post('/v1/enrolments', { patientId, planId: id, anchors: { [anchor]: daysFromToday === null ? new Date().toISOString() : dateIn(sample.zone, daysFromToday) } });
  }
  return known === undefined;
}

async function register(api: CareApi, { mrn, name, birthDate, sex, language, zone, phone, email, conditions, plan }: SamplePatient): Promise<string> {
  const department = plan === null ? 'surgery' : departments[plan.id];
  const note = conditions.length === 0 ? {} : { note: conditions.join('; ') };
  const { patientId } = await api.post<{ patientId: string }>('/v1/patients', { mrn, name, birthDate, sex, language, zone, department, phones: [{ number: phone }], emails: [email], ...note });
  return patientId;
}

/** `YYYY-MM-DD` on the calendar of a zone, so many days from today. */
function dateIn(zone: string, daysFromToday: number): string {
  const [year, month, day] = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date()).split('-').map(Number);
  return new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, (day ?? 1) + daysFromToday)).toISOString().slice(0, 10);
}
