import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { guessStepMap, versionFaults } from '../domain/migration/step-map.ts';
import { planSchema } from '../domain/plan/format.ts';
import type { Plan } from '../domain/plan/format.ts';
import { startPostgres } from '../sandbox/postgres.ts';
import type { PostgresServer } from '../sandbox/postgres.ts';
import { connect } from '../store/connect.ts';
import { loadContent } from '../store/content.ts';
import type { Content } from '../store/content.ts';
import { enrolledIn } from '../store/enrolled.ts';
import { examinationOf, examineOne } from '../store/examinations.ts';
import type { ExaminedEnrolment } from '../store/examinations.ts';
import { createGate } from '../store/gate.ts';
import { factsOfAll } from '../store/known.ts';
import { migrate } from '../store/migrate.ts';
import { createSession, savePeople } from '../store/people.ts';
import { loginNames } from '../store/roles.ts';
import type { Login } from '../store/roles.ts';
import { createVault } from '../store/vault/index.ts';
import { fileKeyProvider } from '../store/vault/master-key.ts';
import { openApiSide } from './api-side.ts';
import { cpuBetween, cpuMsOf } from './cpu.ts';
import { plantEnrolled } from './enrolled-patients.ts';
import { examineByHttp } from './examine-http.ts';
import { plantPatients, plantPlan } from './patients.ts';

/** `npm run bench:examine [-- --enrolments N]`: what examining a version costs, for everybody in the one before: piece by piece, and as the API does it by HTTP. Reading and deciding apart. */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** The ready plan for surgery with a weekly weight, and what an author might do to it: one step more for some, one less, one at another time. */
function versionsOf(content: Content): { from: Plan; to: Plan } {
  const ready = content.plans['surgery-recovery'];
  if (ready === undefined) throw new Error('The ready plan is not there.');
  const lateness = { sendWithin: 'P1D', otherwise: 'skip' };
  const remind = (id: string, offset: string, more: Record<string, unknown> = {}) => ({ kind: 'remind', id, title: { en: id, zh: id }, at: { anchor: 'surgery', offset, localTime: '10:00' }, lateness, message: 'visit-reminder', ...more });
  const facts = { diabetes: { kind: 'yes-no', title: { en: 'Diabetes', zh: '糖尿病' } } };
  const weekly = remind('weekly', 'P2D', { every: { rule: 'FREQ=WEEKLY;BYDAY=MO' } });
  const from = planSchema.parse({ ...ready, version: 1, department: 'bench', facts, steps: [...ready.steps, weekly, remind('goodbye', 'P40D')] });
  const to = planSchema.parse({ ...from, version: 2, steps: [...ready.steps.slice(0, -1), { ...ready.steps.at(-1), at: { anchor: 'surgery', offset: 'P32D', localTime: '11:00' } }, { ...weekly, every: { rule: 'FREQ=WEEKLY;BYDAY=MO,TH' } }, remind('diet', 'P45D', { when: 'diabetes is yes' })] });
  return { from, to };
}

interface Spent {
  wallMs: number;
  cpuMs: number;
  postgresMs: number;
}

/** Adds up what pieces of work take, by name. */
function stopwatch(postgres: PostgresServer) {
  const spent = new Map<string, Spent>();
  return {
    spent,
    time: async <Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> => {
      const [begun, cpu, server] = [performance.now(), process.cpuUsage(), cpuMsOf({ postgres: postgres.pid })];
      const result = await work();
      const { user, system } = process.cpuUsage(cpu);
      const before = spent.get(name) ?? { wallMs: 0, cpuMs: 0, postgresMs: 0 };
      const { postgres: postgresMs = 0 } = cpuBetween(server, cpuMsOf({ postgres: postgres.pid }));
      spent.set(name, { wallMs: before.wallMs + performance.now() - begun, cpuMs: before.cpuMs + (user + system) / 1000, postgresMs: before.postgresMs + postgresMs });
      return result;
    },
  };
}

async function measure(postgres: PostgresServer, folder: string, count: number): Promise<void> {
  const logins = Object.fromEntries(loginNames.map((name) => [name, randomBytes(18).toString('base64url')])) as Record<Login, string>;
  await migrate({ url: postgres.superuserUrl('data'), keysUrl: postgres.superuserUrl('keys'), logins });
  const root = connect(postgres.superuserUrl('data'), { max: 3 });
  const urlOf = (login: Login, database: string): string => `postgres://${login}:${logins[login]}@127.0.0.1:${postgres.port}/${database}`;
  const as = (login: Login, database: string, max: number) => connect(urlOf(login, database), { max });
  const [api, keys] = [as('ct_api', 'data', 6), as('ct_api', 'keys', 4)];
  const indexKey = randomBytes(32);
  const keyProvider = await fileKeyProvider(path.join(folder, 'master.json'), { create: true });
  const writing = createVault({ keysSql: keys, keyProvider, indexKey });
  // Of its own, so that no key is in memory yet.
  const vault = createVault({ keysSql: keys, keyProvider, indexKey });
  const servingVault = createVault({ keysSql: keys, keyProvider, indexKey });
  try {
    const content = loadContent(fileURLToPath(new URL('../templates', import.meta.url)));
    const { from, to } = versionsOf(content);
    for (const plan of [from, to]) await plantPlan(root, plan, content.questionnaires);
    say(`planting ${count} patients ...`);
    await plantEnrolled(root, writing, from, await plantPatients(root, writing, count, 0), new Date());
    await root`analyze`;
    const [person] = await savePeople(root, [{ login: 'bench', displayName: 'Bench', passwordHash: null, roles: ['clinician'], departments: ['bench'], phone: null, language: 'en', active: true }], []);
    const { token } = await createSession(root, person?.personId ?? '', 3_600);

    const stepMap = guessStepMap(from, to);
    const [fault] = versionFaults(from, to, stepMap);
    if (fault !== undefined) throw new Error(fault.message);
    const gate = createGate(api);
    const now = new Date().toISOString();
    const { spent, time } = stopwatch(postgres);
    const load = loadavg()[0] ?? 0;
    const secret = await time('right and its record', async () => {
      const opened = await gate.openEnrolled({ token, action: 'examine-version', planId: from.id, version: from.version });
      await gate.demand(opened);
      return opened;
    });
    const values = await time('read sealed facts', () => gate.readEnrolled(secret));
    const facts = await time('open facts', () => factsOfAll(vault, values));
    const positions = enrolledIn(api, from);
    const examined: ExaminedEnrolment[] = [];
    const frame = await time('decide', () => examinationOf({ from, to, stepMap }, content.questionnaires));
    for (let portion = await time('read positions', () => positions.next()); portion.done !== true; portion = await time('read positions', () => positions.next())) {
      const enrolled = portion.value;
      await time('decide', () => void examined.push(...enrolled.map((each) => examineOne(frame, each, facts.get(each.row.enrolmentId) ?? {}, now))));
    }
    if (examined.length !== count) throw new Error(`${examined.length} of ${count} were examined.`);

    const side = await openApiSide({ sql: api, vault: servingVault, content, databaseUrl: urlOf('ct_api', 'data') });
    const asked = [];
    try {
      for (const name of ['by HTTP, with a thread that starts and no key in memory', 'by HTTP, again']) asked.push({ name, ...(await time(name, () => examineByHttp(side, token, from.id))) });
    } finally {
      await side.close();
    }

    const round = (ms: number): string => (ms / 1000).toFixed(2);
    const [{ touchpoints } = { touchpoints: 0 }] = await root<{ touchpoints: number }[]>`select count(*)::int as touchpoints from care.touchpoint`;
    const rows = [...spent].map(([name, { wallMs, cpuMs, postgresMs }]) => `| ${name} | ${round(wallMs)} | ${round(cpuMs)} | ${round(postgresMs)} |`);
    const byHttp = asked.map(({ name, answer, wallMs, look, others }) => {
      if (answer.total !== count) throw new Error(`${answer.total} of ${count} were examined by HTTP.`);
      return `${name}: ${round(wallMs)} s by the clock, of which ${round(look.readMs)} s read positions and ${round(look.decideMs)} s decided; meanwhile ${others.answered} other requests, the slowest ${others.slowestMs.toFixed(0)} ms`;
    });
    const said = asked[0]?.answer.groups.slice(0, 8).map(({ words }) => words.en) ?? [];
    process.stdout.write([`${count} enrolments, ${touchpoints} planned contacts, ${values.length} sealed facts; load ${load.toFixed(1)}`, '', '| what | wall, s | CPU, s | Postgres CPU, s |', '| --- | --- | --- | --- |', ...rows, '', ...byHttp, '', ...said, ''].join('\n'));
  } finally {
    writing.close();
    vault.close();
    servingVault.close();
    await Promise.all([root, api, keys].map((each) => each.end({ timeout: 5 })));
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { enrolments: { type: 'string', default: '10000' } } });
  const count = Number(values.enrolments);
  if (!Number.isInteger(count) || count < 1 || count > 20_000) {
    say('Use: npm run bench:examine [-- --enrolments <1..20000>]');
    return 2;
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'carethread-bench-'));
  try {
    // Postgres refuses to run as root: its own user must get through.
    await chmod(folder, 0o755);
    const postgres = await startPostgres({ dataDir: path.join(folder, 'postgres'), superuserPassword: randomBytes(18).toString('base64url'), temporary: true });
    try {
      await measure(postgres, folder, count);
    } finally {
      await postgres.stop();
    }
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

process.exitCode = await main();
