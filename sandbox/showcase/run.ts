import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CareApi } from './care-api.ts';
import { checkByCommand, checkDuplicates, checkOfPatient } from './checks.ts';
import type { Check } from './checks.ts';
import { gather, readLists } from './evidence.ts';
import { otherPatients } from './patients-others.ts';
import { textingPatients } from './patients-texting.ts';
import { signInActors } from './people.ts';
import type { Credentials } from './people.ts';
import { phonesAt } from './phones.ts';
import { reportOf } from './report.ts';
import type { Report } from './report.ts';
import { enter, until } from './scene.ts';
import type { Evidence, Patient, Scene, Stage } from './scene.ts';
import { zoneWhereItIs } from './zones.ts';

const plans = ['showcase', 'showcase-question', 'showcase-silence', 'showcase-call', 'showcase-timer', 'showcase-visit', 'showcase-move'];

export const allPatients: readonly Patient[] = [...textingPatients, ...otherPatients];

/** A running world, as far as the showcase needs to know it. */
export interface ShowcaseWorld {
  readonly urls: { readonly api: string; readonly auth: string; readonly phones: string };
  readonly secrets: { readonly staff: Credentials; readonly files: { readonly ledgerPublicKey: string } };
  readonly environment: Readonly<Record<string, string>>;
  /** True where no other run of the showcase can have used the numbers before. */
  readonly isNew: boolean;
}

export interface ShowcaseOptions {
  /** Who comes on stage; all patients unless told. */
  patients?: readonly Patient[];
  say: (line: string) => void;
}

export interface ShowcaseResult {
  report: Report;
  stories: { scene: Scene; seen: Evidence }[];
  /** In this run's record numbers, between `SHOW-` and the phone. */
  run: string;
}

/** Runs all patients at once against a running world, then checks what became of each and of the whole. */
export async function runShowcase(world: ShowcaseWorld, { patients = allPatients, say }: ShowcaseOptions): Promise<ShowcaseResult> {
  const startedAt = new Date();
  const stage = await setStage(world, startedAt);
  const played = await Promise.all(patients.map((patient) => play(stage, patient, say)));
  const lists = await readLists(stage);
  const stories: ShowcaseResult['stories'] = [];
  const checks: Check[] = [];
  for (const { patient, scene, fault } of played) {
    const seen = scene === null ? null : await gather(scene, lists);
    if (scene !== null && seen !== null) stories.push({ scene, seen });
    const check = checkOfPatient(patient, seen ?? fault ?? new Error('it never began'));
    checks.push(fault === null ? check : { ...check, ok: false, detail: `${fault.message} ${check.detail}` });
  }
  checks.push(checkDuplicates(stories.map(({ seen }) => seen)), await checkLedger(world, patients.length === allPatients.length), await checkByCommand('reconcile', 'worker/reconcile-cli.ts', [], { ...world.environment, METRICS_PORT: '9465' }));
  return { report: reportOf(checks, stories), stories, run: stage.run };
}

async function setStage(world: ShowcaseWorld, now: Date): Promise<Stage> {
  const actors = await signInActors(world.urls, world.secrets.staff);
  for (const plan of plans) await actors.coordinator.publish(await readFile(fileURLToPath(new URL(`../../templates/plans/${plan}.yaml`, import.meta.url)), 'utf8'));
  return { actors, endedEnrolments: watchEnded(actors.coordinator), phones: phonesAt(world.urls.phones), zones: { day: zoneWhereItIs(13, now), night: zoneWhereItIs(2, now) }, numberPrefix: `+1${areaCode(world.isNew)}55501`, run: String(now.getTime()) };
}

/** A number that said STOP or was wrong stays so: in a world that was used before, each run takes an area code of its own. */
function areaCode(isNew: boolean): string {
  const codes = ['212', '312', '415', '617', '713', '206', '303', '404', '503', '305', '214', '702'];
  return isNew ? '212' : (codes[Math.floor(Math.random() * codes.length)] ?? '212');
}

interface Played {
  patient: Patient;
  scene: Scene | null;
  fault: Error | null;
}

async function play(stage: Stage, patient: Patient, say: (line: string) => void): Promise<Played> {
  let scene: Scene | null = null;
  try {
    scene = await enter(stage, patient);
    const entered = scene;
    await Promise.all([patient.act?.(entered), until(`${patient.id} is through`, () => isThrough(stage, entered))]);
    say(`${patient.id} is through`);
    return { patient, scene, fault: null };
  } catch (error) {
    say(`${patient.id} failed`);
    return { patient, scene, fault: error instanceof Error ? error : new Error(String(error)) };
  }
}

async function isThrough(stage: Stage, scene: Scene): Promise<boolean> {
  if (scene.patient.until !== undefined) return scene.patient.until(scene);
  const ended = await stage.endedEnrolments();
  return ended.has(scene.enrolmentId) && (scene.otherEnrolmentId === null || ended.has(scene.otherEnrolmentId));
}

/** Which follow-ups have ended: one request a second, however many patients wait for it. */
function watchEnded(coordinator: CareApi): () => Promise<ReadonlySet<string>> {
  let asked = { at: 0, ended: Promise.resolve<ReadonlySet<string>>(new Set<string>()) };
  const ask = async (): Promise<ReadonlySet<string>> => {
    const { items } = await coordinator.get<{ items: { enrolmentId: string }[] }>('/v1/enrolments?status=ended&limit=200');
    return new Set(items.map((item) => item.enrolmentId));
  };
  return () => {
    if (Date.now() - asked.at >= 1_000) asked = { at: Date.now(), ended: ask() };
    return asked.ended;
  };
}

/** The ledger as its operators verify it, with Temporal as its second witness, once everything that was done is sealed. */
async function checkLedger({ environment, secrets }: ShowcaseWorld, isWhole: boolean): Promise<Check> {
  const receipts = path.join(path.dirname(secrets.files.ledgerPublicKey), 'receipts.jsonl');
  const kept = await checkByCommand('ledger', 'worker/ledger-receipts-cli.ts', ['--out', receipts], { ...environment, METRICS_PORT: '9465' });
  if (!kept.ok) return kept;
  const flags = ['--directory', environment['LEDGER_DIRECTORY'] ?? '', '--public-key', secrets.files.ledgerPublicKey, '--database-url', environment['DATABASE_URL_SEALER'] ?? '', '--receipts', receipts];
  const check = await checkByCommand('ledger', 'store/ledger/verify-cli.ts', flags, environment);
  return isWhole && check.ok && !check.detail.includes('receipts compared') ? { ...check, ok: false, detail: 'No receipt of a contact is in Temporal, though patients were contacted.' } : check;
}
