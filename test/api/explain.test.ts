import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { validatePlan } from '../../domain/plan/validate.ts';
import { resumeFollowUp } from '../../store/follow-ups.ts';
import { publish } from '../support/publish.ts';
import { createWorld, registered } from './world.ts';
import type { World } from './world.ts';

const source = `
format: carethread.plan/1
id: explained
version: 1
title: { en: Test, zh: 测试 }
department: surgery
anchors: { enrolment: { kind: instant, title: { en: Enrolment, zh: 入组 } } }
facts:
  age: { kind: number, unit: years, min: 0, max: 120, title: { en: Age, zh: 年龄 } }
tags: [frail]
channels: [sms]
contactHours: { from: '00:00', to: '23:59' }
steps:
  - kind: ask
    id: pain-now
    title: { en: Pain check, zh: 疼痛检查 }
    at: { anchor: enrolment, offset: PT0S }
    questionnaire: pain-check
    reply: { window: PT4H, nudges: [PT1H], silence: task }
    rules:
      - { id: strong, if: answers.pain at least 7, do: [{ kind: escalate, level: red }] }
      - { id: weak, if: answers.pain at least 5 and age at least 70, do: [{ kind: tag, tag: frail }] }
    lateness: { sendWithin: PT12H, otherwise: task }
  - kind: remind
    id: for-the-old
    title: { en: Walking aid, zh: 助行器 }
    at: { anchor: enrolment, offset: PT1S }
    when: age at least 80
    message: visit-reminder
    lateness: { sendWithin: PT12H, otherwise: skip }
  - kind: remind
    id: visit
    title: { en: Visit, zh: 复诊 }
    at: { anchor: enrolment, offset: P10D, localTime: '03:00' }
    channels: [email]
    message: visit-reminder
    lateness: { sendWithin: PT30H, otherwise: task }
ladders:
  red: { rungs: [{ page: on-call-1, wait: PT5M }], repeatTop: PT5M, reachWithin: PT15M }
`;

interface Told {
  what: string;
  stepId: string | null;
  words: { en: string; zh: string };
  because: { ruleId: string | null; condition: { en: string; zh: string }; facts: { path: string; name: { en: string; zh: string }; value: { en: string; zh: string } | null }[] }[];
}

let world: World;
let nurse: { token: string };
beforeAll(async () => {
  world = await createWorld();
  nurse = await world.signedIn(['coordinator']);
  const parsed = validatePlan(source, world.deps.content);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  await publish(world.superuser, parsed.plan, world.deps.content.questionnaires, source);
  await publish(world.superuser, { ...parsed.plan, id: 'explained-too' }, world.deps.content.questionnaires, source);
});
afterAll(() => world.close());

const explained = (enrolmentId: string, token = nurse.token) => world.ask('GET', `/v1/enrolments/${enrolmentId}/explain`, { token });
const decisionsOf = async (enrolmentId: string): Promise<Told[]> => (await explained(enrolmentId)).body['decisions'] as Told[];

/** A patient of 75 who answered that the pain is 8, and for whom the step for the old was judged. */
async function followed(change: Record<string, unknown> = {}): Promise<string> {
  const patientId = await registered(world, nurse.token, change);
  const enrolment = new Date(Date.now() - 5_000).toISOString();
  const started = await world.ask('POST', '/v1/enrolments', { token: nurse.token, json: { patientId, planId: 'explained', version: 1, anchors: { enrolment }, facts: { age: 75 } } });
  const enrolmentId = String(started.body['enrolmentId']);
  const ids = Object.fromEntries((await world.superuser<{ step: string; id: string }[]>`select step_id as step, touchpoint_id as id from care.touchpoint where enrolment_id = ${enrolmentId}`).map(({ step, id }) => [step, id]));
  const resume = (events: Parameters<typeof resumeFollowUp>[3] = []) => world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, new Date().toISOString(), events));
  await resume();
  await resume();
  await resume([{ kind: 'judged', touchpointId: ids['for-the-old'] ?? '', verdict: 'no' }]);
  await world.ask('POST', `/v1/touchpoints/${ids['pain-now'] ?? ''}/responses`, { token: nurse.token, json: { respondent: 'patient', answers: { pain: 8 } } });
  await resume();
  return enrolmentId;
}

describe('why, of what has happened', () => {
  it('names the rule that raised an alarm, in words, with the answer that it found', async () => {
    const decisions = await decisionsOf(await followed());

    const alarm = decisions.find(({ what }) => what === 'escalation.opened');
    expect(alarm?.words.en).toBe('Pain check: opened an alert (red, rule strong).');
    expect(alarm?.words.zh).toBe('疼痛检查：触发警报（红色，规则 strong）。');
    expect(alarm?.because).toEqual([{ ruleId: 'strong', condition: { en: expect.stringContaining('at least 7') as string, zh: expect.stringContaining('7') as string }, facts: [{ path: 'answers.pain', name: expect.objectContaining({ en: expect.stringContaining('pain') as string }) as object, value: { en: '8', zh: '8' } }] }]);
  });

  it('names what a rule did to the plan, with the fact that it needed, and why a step was left out', async () => {
    const decisions = await decisionsOf(await followed());

    const answered = decisions.find(({ what }) => what === 'conversation.completed');
    const left = decisions.find(({ stepId, what }) => stepId === 'for-the-old' && what === 'touchpoint.waived');
    expect(answered?.because.map(({ ruleId, facts }) => [ruleId, facts.map(({ path, value }) => [path, value?.zh])])).toEqual([['weak', [['answers.pain', '8'], ['facts.age', '75 years']]]]);
    expect(left?.words).toEqual({ en: 'Walking aid: left out, because its condition did not hold.', zh: '助行器：已略过，原因：条件不成立。' });
    expect(left?.because).toEqual([{ ruleId: null, condition: expect.objectContaining({ en: expect.stringContaining('80') as string }) as object, facts: [{ path: 'facts.age', name: { en: 'Age', zh: '年龄' }, value: { en: '75 years', zh: '75 years' } }] }]);
  });

  it('tells a fact as it was then, though it was corrected since', async () => {
    const enrolmentId = await followed();
    const corrected = await world.ask('POST', `/v1/enrolments/${enrolmentId}/facts`, { token: nurse.token, json: { facts: { age: 85 } } });

    const left = (await decisionsOf(enrolmentId)).find(({ stepId, what }) => stepId === 'for-the-old' && what === 'touchpoint.waived');

    expect(corrected.status).toBeLessThan(300);
    expect(left?.because[0]?.facts[0]?.value?.en).toBe('75 years');
  });

  it('names the rule of the version that the follow-up was on then, though it was moved since', async () => {
    const enrolmentId = await followed();
    const second = source.replace('version: 1', 'version: 2').replace('id: pain-now', 'id: pain-today').replace('id: strong, if: answers.pain at least 7', 'id: stronger, if: answers.pain at least 9');
    const published = validatePlan(second, world.deps.content);
    if (!published.ok) throw new Error(JSON.stringify(published.faults));
    await publish(world.superuser, published.plan, world.deps.content.questionnaires, second);
    // As a move leaves it: the enrolment on the new version, its step renamed, and the story saying from where.
    await world.superuser`update care.enrolment set plan_version = 2 where enrolment_id = ${enrolmentId}`;
    await world.superuser`update care.touchpoint set step_id = 'pain-today' where enrolment_id = ${enrolmentId} and step_id = 'pain-now'`;
    await world.superuser`insert into care.story (enrolment_id, patient_id, at, what, detail) select enrolment_id, patient_id, clock_timestamp(), 'enrolment.migrated', '{"from": 1, "to": 2, "choice": "move", "by": "test", "reason": "test"}' from care.enrolment where enrolment_id = ${enrolmentId}`;

    const alarm = (await decisionsOf(enrolmentId)).find(({ what }) => what === 'escalation.opened');

    expect(alarm?.because.map(({ ruleId, condition }) => [ruleId, condition.en])).toEqual([['strong', expect.stringContaining('at least 7')]]);
  });
});

describe('who did it', () => {
  it('has a name, and is one of the staff where the reader may see none; days are those on the patient\'s wall', async () => {
    const enrolmentId = await followed({ zone: 'Asia/Shanghai' });
    const gone = '2f0ac1de-3c3a-4b0e-9d51-0c7c8a1d9e11';
    const ask = (way: string, json: object) => world.ask('POST', `/v1/enrolments/${enrolmentId}/${way}`, { token: nurse.token, json });
    const resume = () => world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, new Date().toISOString()));
    await ask('pause', { reason: 'holiday' });
    await resume();
    await ask('anchors', { anchor: 'enrolment', to: '2026-11-26T17:50:00.000Z' });
    await ask('waive', { stepId: 'visit', reason: 'phoned' });
    await resume();
    await world.superuser`insert into care.story (enrolment_id, patient_id, at, what, detail) select enrolment_id, patient_id, clock_timestamp(), 'escalation.closed', ${world.superuser.json({ by: gone, reason: 'patient-reached' })} from care.enrolment where enrolment_id = ${enrolmentId}`;

    const { decisions, steps } = (await explained(enrolmentId)).body as { decisions: Told[]; steps: { en: string; zh: string }[] };

    const told = decisions.slice(-5).map(({ words }) => words);
    expect(told.map(({ en }) => en)).toEqual([
      'The follow-up was paused, because of: holiday (by Test Person).', 'A date of the plan was changed (Enrolment, to 2026-11-27 01:50 Asia/Shanghai, by Test Person).', 'Visit: was waived, because of: phoned (by Test Person).',
      'Visit: left out, because Test Person waived it: phoned.', 'the alert was closed, because the patient was reached (by a staff member).',
    ]);
    expect(told.map(({ zh }) => zh)).toEqual([
      '随访已暂停，原因：holiday（由Test Person）。', '计划日期已更改（入组，改为 2026-11-27 01:50 Asia/Shanghai，由Test Person）。', '复诊：已由工作人员取消，原因：phoned（由Test Person）。', '复诊：已略过，原因：Test Person 取消了它：phoned。', '警报已关闭，原因：已联系到患者（由一名工作人员）。',
    ]);
    expect(steps.map(({ en }) => en)[0]).toMatch(/^Pain check \(.*\): answered\.$/);
    expect(JSON.stringify([decisions.map(({ words }) => words), steps])).not.toContain('person/');
  });

  it('is told to nobody without a session', async () => {
    const { personId } = await world.signedIn(['coordinator']);

    const names = await Promise.all([nurse.token, 'no token'].map((token) => world.deps.gate.staffNames(token, [personId])));

    expect(names).toEqual([new Map([[personId, 'Test Person']]), new Map()]);
  });
});

describe('what comes next', () => {
  it('has its local time, what already stands against it first, and what still could', async () => {
    const { next } = (await explained(await followed({ zone: 'Asia/Shanghai' }))).body as { next: { stepId: string; localTime: string; stoppers: { holds: boolean; words: { en: string; zh: string } }[] } };

    expect([next.stepId, next.localTime]).toEqual(['visit', expect.stringMatching(/ 03:00 Asia\/Shanghai$/)]);
    expect(next.stoppers.map(({ holds, words }) => [holds, words.en])).toEqual([
      [true, 'As it stands it would be refused by e-mail: there is no consent for this channel.'],
      [false, expect.stringMatching(/^Not begun by .* 09:00 Asia\/Shanghai, it is given to staff\.$/)],
      [false, expect.stringContaining('Tried outside 00:00 to 23:59') as string],
      [false, expect.stringContaining('as many contacts as is allowed') as string],
      [false, expect.stringContaining('Staff pause the follow-up') as string],
    ]);
    expect(next.stoppers.every(({ words }) => words.zh !== words.en)).toBe(true);
  });

  it('is held by a pause, and is nothing once the follow-up has ended; what was is told at any age', async () => {
    const enrolmentId = await followed();
    await world.ask('POST', `/v1/enrolments/${enrolmentId}/pause`, { token: nurse.token, json: { reason: 'holiday' } });
    await world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, new Date().toISOString()));
    const paused = (await explained(enrolmentId)).body as { next: { stoppers: { holds: boolean; words: { en: string } }[] } };
    await world.ask('POST', `/v1/enrolments/${enrolmentId}/withdraw`, { token: nurse.token, json: {} });
    await world.deps.sql.begin((tx) => resumeFollowUp(tx, enrolmentId, new Date().toISOString()));

    const ended = (await explained(enrolmentId)).body as { status: string; next: { kind: string; stoppers: unknown[] }; decisions: Told[] };

    expect(paused.next.stoppers[0]).toEqual({ holds: true, words: expect.objectContaining({ en: expect.stringContaining('paused') as string }) as object });
    expect([ended.status, ended.next.kind, ended.next.stoppers]).toEqual(['ended', 'end', []]);
    expect(ended.decisions.map(({ what }) => what)).toEqual(expect.arrayContaining(['enrolment.started', 'escalation.opened', 'enrolment.paused', 'enrolment.ended']));
  });

  it('opens the answers and facts of this follow-up alone, and the ledger says which it was', async () => {
    const patientId = await registered(world, nurse.token);
    const [first = '', second = ''] = await Promise.all([71, 72].map(async (age, index) => String((await world.ask('POST', '/v1/enrolments', { token: nurse.token, json: { patientId, planId: ['explained', 'explained-too'][index], version: 1, anchors: { enrolment: new Date().toISOString() }, facts: { age } } })).body['enrolmentId'])));
    const open = { token: nurse.token, purpose: 'follow-up', action: 'show-responses', patients: [patientId], fields: ['enrolment.facts', 'response.answers'] } as const;

    const { values } = await world.deps.gate.openAndRead({ ...open, enrolmentId: first });
    const history = await world.deps.gate.readHistory(await world.deps.gate.open({ ...open, enrolmentId: second }));
    await explained(second);

    const [told] = await world.superuser<{ detail: string }[]>`select detail from audit.event where action = 'show-responses' and verdict = 'allowed' order by at desc limit 1`;
    expect([values.map(({ rowId }) => rowId), history.map(({ rowId }) => rowId)]).toEqual([[first], [second]]);
    expect(told?.detail).toBe(`explain,enrolment/${second}`);
  });

  it('is told to nobody without a right to the patient\'s answers, and that they were asked for is in the ledger', async () => {
    const enrolmentId = await followed();
    const service = await world.signedIn(['service']);

    const refused = await explained(enrolmentId, service.token);
    await explained(enrolmentId);

    const events = await world.superuser<{ fields: string[] }[]>`select fields from audit.event where action = 'show-responses' and detail like 'explain,enrolment/%' and verdict = 'allowed' order by at desc limit 1`;
    expect(refused.status).toBe(403);
    expect(events[0]?.fields).toEqual(expect.arrayContaining(['response.answers', 'enrolment.facts']));
  });
});

describe('npm run explain', () => {
  /** The command in a process of its own, against this API. */
  async function run(flags: string[], token = nurse.token): Promise<{ code: number | null; out: string; said: string }> {
    const child = spawn(process.execPath, ['scripts/run.mjs', 'api/explain-cli.ts', ...flags], { env: { PATH: process.env['PATH'] ?? '', PUBLIC_URL: world.origin, CARETHREAD_TOKEN: token }, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: child.exitCode, out, said };
  }

  it('tells what comes next, what happened and why, in either language or whole, in the name of who ran it', async () => {
    const enrolmentId = await followed();

    const [english, chinese, whole] = await Promise.all([run([enrolmentId]), run([enrolmentId, '--language', 'zh']), run([enrolmentId, '--json'])]);

    expect([english, chinese, whole].map(({ code, said }) => [code, said])).toEqual([[0, ''], [0, ''], [0, '']]);
    const lines = english.out.split('\n');
    expect(lines.slice(0, 3)).toEqual([`${enrolmentId}  active  America/New_York`, '', 'What next']);
    expect(lines[3]).toMatch(/^ {2}At \d{4}-\d{2}-\d{2} 03:00 America\/New_York: Visit, by e-mail\.$/);
    expect(english.out).toMatch(/\n\d{4}-\d{2}-\d{2} \d{2}:\d{2} {2}.*red.*\n {4}\| rule strong: .*at least 7\n {4}\| {3}How strong is your pain now\? 8\n/);
    expect(english.out).toContain('\nEvery step\n');
    expect(chinese.out).toMatch(/\n {4}\| 规则 strong：/);
    expect(chinese.out).toMatch(/\n下一步\n.*：复诊（电子邮件）。\n/);
    expect(JSON.parse(whole.out)).toMatchObject({ enrolmentId, status: 'active', unheard: expect.any(Number) as number });
    const events = await world.superuser<{ detail: string }[]>`select detail from audit.event where action = 'show-responses' and actor_id = (select person_id::text from auth.session where token_hash = sha256(convert_to(${nurse.token}, 'UTF8'))) and detail like ${`explain,enrolment/${enrolmentId}%`}`;
    expect(events).toHaveLength(3);
  });

  it('shows nothing to who may not see it, and says what to do', async () => {
    const enrolmentId = await followed();
    const { token } = await world.signedIn(['coordinator'], ['heart']);

    const [refused, misunderstood] = await Promise.all([run([enrolmentId], token), run(['the-patient'])]);

    expect(refused).toEqual({ code: 1, out: '', said: 'Only the treating department sees this patient. Ask it to start a plan of your department for the patient, or check the id.\n' });
    expect(misunderstood).toMatchObject({ code: 2, out: '', said: expect.stringMatching(/^Write the id of the enrolment as it was given: a UUID\.\nTells why everything happened/) as string });
  });
});
