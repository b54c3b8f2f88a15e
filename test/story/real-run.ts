import { createActivities } from '../../activities/index.ts';
import { planSchema } from '../../domain/plan/format.ts';
import type { Plan } from '../../domain/plan/format.ts';
import { questionsOf } from '../../domain/plan/questions.ts';
import type { AssumedOfPlan, Reply } from '../../domain/rehearsal/types.ts';
import { workflowIdOf } from '../../domain/threads.ts';
import type { CareActivities } from '../../domain/threads.ts';
import { receiveText } from '../../api/inbound/receive-text.ts';
import { takeMessageStatus } from '../../api/inbound/message-status.ts';
import { parseMessageCallback } from '../../providers/twilio/callbacks.ts';
import { databaseDifferences } from '../../store/reconcile.ts';
import type { Difference } from '../../store/reconcile.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import type { Seen, SeenContact } from '../property/witness.ts';
import type { CarePatient } from '../support/care-world.ts';
import type { AssumedStory } from './assumptions.ts';
import { openClockwork } from './clockwork.ts';
import type { Clockwork } from './clockwork.ts';
import type { Line } from './lines.ts';
import { named, withoutCode } from './lines.ts';
import { happen, must } from './outside.ts';
import { openPatient } from './patient.ts';
import type { DrawnPlan } from './plans.ts';
import type { Asked } from './patient.ts';
import { triedAgain, unlucky } from './misfortunes.ts';
import type { Misfortunes } from './misfortunes.ts';
import { seenAtLast, seenNow } from './seen.ts';
import type { Stage } from './stage.ts';
import { storyOf } from './stored-story.ts';
import type { Engine, Threads } from './threads.ts';
import { doBeside } from './unrehearsed.ts';
import type { Unrehearsed } from './unrehearsed.ts';

/** How often the top of a ladder is paged before a rehearsal has seen enough; see alert-thread.ts. */
const topPages = 2;
const receiptAfterMs = 5_000;

/** A plan that the patient is put into, as its author wrote it, and what is assumed of it. */
export interface PlanToCarry {
  source: DrawnPlan;
  own: AssumedOfPlan;
}

export interface RealRun {
  /** By plan; one that nobody could be put into any more is left out. */
  enrolments: ReadonlyMap<string, string>;
  lines: Line[];
  /** From outside. */
  seen: Seen;
  /** What reconcile finds of it at last: what was planned and is not as it should be. */
  differences: Difference[];
}

/** Carries one patient's plans out on the running product, and tells what became of them, and what was seen. */
export async function carryOut(stage: Stage, engine: Engine, toCarry: readonly PlanToCarry[], assumed: AssumedStory, misfortunes: Misfortunes, beside: readonly (Unrehearsed & { at: string })[] = []): Promise<RealRun> {
  const { world } = stage;
  const before = await differencesOf(stage, assumed.until);
  const clock = openClockwork(Date.parse(assumed.own.from), (atMs) => engine.show(atMs));
  const versions = new Map(toCarry.map(({ source }) => [`${source.id} 1`, planSchema.parse(source)]));
  const planOf = (planId: string, version: number): Plan => {
    const known = versions.get(`${planId} ${version}`);
    if (known === undefined) throw new Error(`There is no version ${version} of plan ${planId} here.`);
    return known;
  };
  const repliesIn = (planId: string): AssumedOfPlan => {
    const known = toCarry.find(({ source }) => source.id === planId);
    if (known === undefined) throw new Error(`There is no plan ${planId} here.`);
    return known.own;
  };
  const patient = await registered(stage, assumed);
  const lines: Line[] = [];
  const person = openPatient(stage, assumed.patient, patient, clock, lines);
  const lostPokes: ThreadToPoke[] = [];
  const contacts: SeenContact[] = [];
  const activities = triedAgain(world, createActivities(unlucky(heard(stage), misfortunes, (number) => stage.rotaOf.has(number), (lost) => void lostPokes.push(...lost))), misfortunes);
  const threads = await engine.open(withinLadders(stage, activities, (workflowId) => threads.leave(workflowId)), clock);
  stage.onPoke((told) => threads.poke(told));

  const enrolments = new Map<string, string>();
  for (const { source, own } of toCarry) {
    await must(stage.ask('POST', '/v1/plans', source), 201);
    clock.after(Date.parse(own.from) - clock.nowMs(), () => enrol(source.id, own));
    for (const event of own.outside) clock.after(Date.parse(event.at) - clock.nowMs(), () => happen(stage, enrolments.get(source.id) ?? null, patient, person, event));
  }

  const standing = new Map(toCarry.map(({ source }) => [source.id, { source, version: 1 }]));
  for (const event of beside) clock.after(Date.parse(event.at) - clock.nowMs(), async () => {
    const planId = toCarry[event.plan % toCarry.length]?.source.id ?? '';
    const present = standing.get(planId);
    if (present === undefined) return;
    const next = await doBeside(stage, patient, patient.phone.number, { ...present, enrolmentId: enrolments.get(planId) ?? null }, event.does);
    if (next === null) return;
    standing.set(planId, { source: next, version: present.version + 1 });
    versions.set(`${planId} ${present.version + 1}`, planSchema.parse(next));
  });

  async function enrol(planId: string, { anchors, facts, tags }: AssumedOfPlan): Promise<void> {
    const enrolled = await stage.ask('POST', '/v1/enrolments', { patientId: patient.patientId, planId, version: standing.get(planId)?.version ?? 1, anchors, facts, tags });
    // A patient who has died meanwhile is put into nothing.
    if (enrolled.status === 409) return;
    enrolments.set(planId, String((await must(Promise.resolve(enrolled), 201)).body['enrolmentId']));
  }

  /** What reached a phone or mailbox, as the one that it reached takes it. */
  function heard({ world: { deps } }: Stage): typeof deps {
    return {
      ...deps,
      sms: {
        ...deps.sms,
        async send(request) {
          const result = await deps.sms.send(request);
          if (result.kind === 'accepted') await arrived(request.to, request.body, request.attemptId, result.sid);
          return result;
        },
      },
      mail: {
        ...deps.mail,
        async send(request) {
          const result = await deps.mail.send(request);
          if (result.kind !== 'accepted') return result;
          const attemptId = request.messageId.replace(/^<|@.*$/g, '');
          const { planId, stepId, recurrenceId } = await contactOf(stage, attemptId);
          contacts.push(await seenNow(world, attemptId, clock.now()));
          lines.push(['message', clock.now(), named(planId, stepId), recurrenceId, 'email', `${request.subject}\n\n${request.text}`]);
          return result;
        },
      },
      voice: {
        ...deps.voice,
        async place(request) {
          const result = await deps.voice.place(request);
          if (result.kind !== 'accepted') return result;
          const contact = await contactOf(stage, request.attemptId);
          const { planId, stepId, recurrenceId, kind } = contact;
          contacts.push(await seenNow(world, request.attemptId, clock.now()));
          lines.push(['call', clock.now(), named(planId, stepId), recurrenceId, kind]);
          person.rings(asked(contact), { callId: request.callId, sid: result.sid, attempt: Number(kind.replace('call-', '')) });
          return result;
        },
      },
    };
  }
  async function arrived(to: string, body: string, attemptId: string, sid: string): Promise<void> {
    const rota = stage.rotaOf.get(to);
    if (rota !== undefined) {
      await paged(to, rota, body, attemptId);
      return;
    }
    const contact = await contactOf(stage, attemptId);
    const { planId, stepId, recurrenceId, kind, asks, asksAgain, occurrence } = contact;
    contacts.push(await seenNow(world, attemptId, clock.now()));
    lines.push([kind.startsWith('nudge') ? 'nudge' : asks ? 'question' : 'message', clock.now(), named(planId, stepId), recurrenceId, 'sms', body]);
    clock.after(receiptAfterMs, () => receipt(stage, sid, attemptId, assumed.patient.phone === 'mobile'));
    if (kind.startsWith('nudge') && !asksAgain) return;
    if (asks) person.reads(asked(contact), body);
    else {
      const reply = replyAt(repliesIn(planId), stepId, occurrence);
      if (reply.kind === 'text') person.writes(reply.text, reply.afterMs);
    }
  }
  async function paged(number: string, rota: string, body: string, attemptId: string): Promise<void> {
    const [alert] = await world.root<{ escalationId: string; ruleId: string }[]>`select escalation_id as "escalationId", rule_id as "ruleId" from care.escalation join care.attempt on subject_id = escalation_id where attempt_id = ${attemptId}`;
    if (alert === undefined) throw new Error('A page of no alert went out.');
    lines.push(['page', clock.now(), 'sms', rota, alert.ruleId, withoutCode(body)]);
    const { acknowledgeAfterMs, reachAfterMs } = assumed.staff;
    if (acknowledgeAfterMs === null) return;
    clock.after(acknowledgeAfterMs, async () => {
      const [before] = await world.root<{ status: string }[]>`select status from care.escalation where escalation_id = ${alert.escalationId}`;
      if (before?.status !== 'open') return;
      await receiveText(world.inbound, `SM${attemptId.replaceAll('-', '')}`, { from: number, body: /\d{6}/.exec(body)?.[0] ?? '', media: 0, optOutType: null }, new AbortController().signal);
      lines.push(['acknowledged', clock.now(), rota, alert.ruleId]);
      if (reachAfterMs === null) return;
      clock.after(reachAfterMs, async () => {
        const [now] = await world.root<{ status: string }[]>`select status from care.escalation where escalation_id = ${alert.escalationId}`;
        if (now?.status === 'closed') return;
        await must(stage.ask('POST', `/v1/escalations/${alert.escalationId}/close`, { reason: 'patient-reached' }), 200);
      });
    });
  }
  const asked = ({ planId, version, stepId, occurrence }: Contact): Asked => ({ questionnaire: questionnaireOf(stage, planOf(planId, version), stepId), reply: replyAt(repliesIn(planId), stepId, occurrence) });

  try {
    // The sweeper finds what nobody was poked for.
    const steps = await runUntil(stage, clock, threads, Date.parse(assumed.until), () => threads.poke(lostPokes.splice(0)));
    const known = new Set(before.map(({ subject }) => subject));
    return {
      enrolments, lines: [...lines, ...(await storyOf(world, patient.patientId, patient.addressId))], seen: await seenAtLast(world, patient.patientId, contacts, steps),
      differences: (await differencesOf(stage, assumed.until)).filter(({ subject }) => !known.has(subject)),
    };
  } finally {
    await threads.close();
  }
}

/** An alert that nobody takes is left at last. */
async function differencesOf({ world }: Stage, asOf: string): Promise<Difference[]> {
  return (await databaseDifferences(world.worker, asOf)).filter(({ kind, subject }) => kind !== 'escalation-overdue' && !subject.startsWith('thread/escalation/'));
}

async function runUntil(stage: Stage, clock: Clockwork, threads: Threads, untilMs: number, sweep: () => Promise<number>): Promise<number> {
  for (let steps = 0; ; steps += 1) {
    const world = clock.next();
    // At one instant the world comes first, as in a rehearsal.
    const next = threads.waiting().reduce<{ atMs: number; run: () => Promise<void> } | null>((first, thread) => (first === null || thread.atMs < first.atMs ? thread : first), world);
    if (next === null || next.atMs > untilMs) return steps;
    if (next.atMs > clock.nowMs()) {
      clock.set(next.atMs);
      await threads.reach();
    }
    await next.run();
    await settled(stage);
    await sweep();
  }
}

async function settled({ world, pending }: Stage): Promise<void> {
  await world.inbound.pending.settled();
  await pending.settled();
}

async function registered({ world }: Stage, { patient: { consents, language, zone, phone, hasEmail } }: AssumedStory): Promise<CarePatient> {
  const patient = await world.patient({ consent: [...consents], language, zone, mailbox: hasEmail ? `ada-${world.freshPhone().number.slice(1)}@example.org` : null });
  patient.phone.onCalls({ kind: 'live' });
  if (phone === 'none') await world.root`delete from phi.patient_address where patient_id = ${patient.patientId} and address_id = ${patient.addressId}`;
  return patient;
}

/** What the patient does at one occurrence of a step; the last of a list stays. */
function replyAt({ replies }: AssumedOfPlan, stepId: string, occurrence: number): Reply {
  const listed = Object.hasOwn(replies.steps, stepId) ? replies.steps[stepId] : undefined;
  return listed?.[Math.min(occurrence, listed.length - 1)] ?? replies.otherwise;
}

/** Staff whom nobody answers are paged for ever; a rehearsal has seen enough after the top's second page. */
function withinLadders({ world }: Stage, activities: CareActivities, leave: (workflowId: string) => void): CareActivities {
  return {
    ...activities,
    async pageStaff(command) {
      const [alert] = await world.root<{ rungs: number }[]>`select jsonb_array_length(state->'rungs') as rungs from care.escalation where escalation_id = ${command.escalationId}`;
      if (command.page <= (alert?.rungs ?? 0) + topPages) return activities.pageStaff(command);
      leave(workflowIdOf('escalation', command.escalationId));
      return { next: { kind: 'wait', dueAt: null, summary: 'for nobody' }, receipt: null };
    },
  };
}

async function receipt({ world }: Stage, sid: string, attemptId: string, delivered: boolean): Promise<void> {
  const callback = parseMessageCallback({ MessageSid: sid, MessageStatus: delivered ? 'delivered' : 'undelivered', ...(delivered ? {} : { ErrorCode: '30006' }) });
  if (callback === null) throw new Error('This is no status of a message.');
  await takeMessageStatus(world.inbound, callback, attemptId);
}

interface Contact {
  planId: string;
  version: number;
  stepId: string;
  recurrenceId: string;
  /** Of the attempt, such as `nudge-1`. */
  kind: string;
  asks: boolean;
  /** A nudge beyond the plan's: its conversation had lost the number. */
  asksAgain: boolean;
  /** How many conversations of the step were opened before this one, or how many of its messages went out. */
  occurrence: number;
}

async function contactOf({ world }: Stage, attemptId: string): Promise<Contact> {
  const [row] = await world.root<Contact[]>`
    select e.plan_id as "planId", e.plan_version as version, t.step_id as "stepId", t.recurrence_id as "recurrenceId", a.kind, c.touchpoint_id is not null as asks,
      a.kind like 'nudge-%' and split_part(a.kind, '-', 2)::int > jsonb_array_length(c.rules -> 'nudgesMs') as "asksAgain",
      (case when c.touchpoint_id is null
        then (select count(distinct o.touchpoint_id) from care.touchpoint o join care.attempt oa on oa.subject_id = o.touchpoint_id where o.enrolment_id = t.enrolment_id and o.step_id = t.step_id and o.touchpoint_id <> t.touchpoint_id and oa.status = 'sent')
        else (select count(*) from care.touchpoint o join care.conversation oc using (touchpoint_id) where o.enrolment_id = t.enrolment_id and o.step_id = t.step_id and (oc.opened_at, o.recurrence_id) < (c.opened_at, t.recurrence_id)) end)::int as occurrence
    from care.attempt a join care.touchpoint t on t.touchpoint_id = a.subject_id join care.enrolment e using (enrolment_id) left join care.conversation c using (touchpoint_id) where attempt_id = ${attemptId}`;
  if (row === undefined) throw new Error('What went out belongs to no step.');
  return row;
}

function questionnaireOf({ world }: Stage, plan: Plan, stepId: string) {
  const step = plan.steps.find((candidate) => candidate.id === stepId);
  const questionnaire = step === undefined || !('rules' in step) ? undefined : questionsOf(plan, step, world.deps.content.questionnaires);
  if (questionnaire === undefined) throw new Error(`The step ${stepId} asks nothing.`);
  return questionnaire;
}
