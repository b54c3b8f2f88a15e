import { parentPort, workerData } from 'node:worker_threads';
import { readsOf } from '../domain/plan/reads.ts';
import { validatePlan } from '../domain/plan/validate.ts';
import { readBody, refused } from './body-text.ts';
import { examinationBody } from './examination-body.ts';
import { planFaults } from './plan-faults.ts';
import type { PlanContent, ReadExamination, ReadPlan, Reading, ReadingJob } from './plan-reader.ts';

/** Runs in a thread of its own (see threads.ts): reads and checks the texts that it is given, one after the other. */
const content = workerData as PlanContent;

function readPlan({ text, staffing, toPublish }: Extract<ReadingJob, { kind: 'plan' }>): ReadPlan {
  const validated = validatePlan(text, { ...content, staffing });
  const apart = validated.ok ? validated : validatePlan(text, content);
  if (!apart.ok) return { ok: false, faults: validated.ok ? [] : validated.faults, warnings: validated.warnings };
  return { ok: true, plan: apart.plan, reads: toPublish ? readsOf(apart.plan, content.questionnaires) : {}, missingRotas: validated.ok ? [] : validated.faults, warnings: validated.warnings };
}

function readExamination(text: string): ReadExamination {
  const read = readBody(text, examinationBody);
  if (!read.ok) return read;
  if (read.body.plan === undefined) return { ok: true, request: { ...read.body, plan: null } };
  const validated = validatePlan(read.body.plan, content);
  return validated.ok ? { ok: true, request: { ...read.body, plan: validated.plan } } : refused('Correct the plan as "errors" lists.', planFaults(validated.faults, '/plan'));
}

function read(job: ReadingJob): Reading {
  return job.kind === 'plan' ? { kind: 'plan', read: readPlan(job) } : { kind: 'examination', read: readExamination(job.text) };
}

parentPort?.on('message', (job: ReadingJob) => parentPort?.postMessage(read(job)));
