import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rehearseCommand } from '../../api/rehearse-command.ts';

const root = path.resolve();
const surgery = path.join(root, 'templates/plans/surgery-recovery.yaml');
let folder: string;
let guide: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'carethread-rehearse-'));
  guide = await readFile(path.join(root, 'docs/rehearsal.md'), 'utf8');
  for (const [, name = '', content = ''] of guide.matchAll(/^`(\w+\.json)`\n```json\n([\s\S]*?)```/gm)) await writeFile(path.join(folder, name), content);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** As `npm run rehearse -- ...` in the test's folder: a process of its own, which takes a second of a core. */
const rehearse = (...given: string[]) => run('api/rehearse-cli.ts', ...given);

async function run(...command: string[]): Promise<{ code: number | null; out: string; error: string }> {
  const child = spawn(process.execPath, [path.join(root, 'scripts/run.mjs'), ...command], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), child.exitCode === null ? once(child, 'close') : null]);
  return { code: child.exitCode, out, error };
}
const write = async (name: string, content: unknown): Promise<string> => {
  await writeFile(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return path.join(folder, name);
};

describe('npm run rehearse', () => {
  test('prints what days are counted from, and a table: a line for each event, its text below it, and the trouble at the end', async () => {
    const { code, out, error } = await rehearse(surgery);

    expect([code, error]).toEqual([0, '']);
    const lines = out.split('\n');
    expect(lines[0]).toBe('Anchors: surgery 2026-05-03. Zone: UTC.');
    expect(lines[1]).toMatch(/^local time +step +what +channel +SMS$/);
    expect(lines[2]).toMatch(/^2026-05-02 10:00 +preparation +message +sms +2 +Sent: /);
    expect(lines[3]).toMatch(/^ {4}\| Example Hospital: your appointment is tomorrow/);
    expect(out.trimEnd()).toMatch(/No trouble found\.$/);
  });

  test('prints everything as JSON', async () => {
    const { code, out } = rehearseCommand([surgery, '--json', '--replies', await write('silent.json', { otherwise: { kind: 'silent' } })]);

    const rehearsal = JSON.parse(out) as { timeline: { kind: string }[]; findings: unknown[]; endReason: string };
    expect(code).toBe(0);
    expect(Object.keys(rehearsal)).toEqual(['timeline', 'findings', 'status', 'endReason', 'alongside']);
    expect(rehearsal).toMatchObject({ endReason: 'completed', findings: [] });
    expect(rehearsal.timeline.map(({ kind }) => kind)).toContain('nudge');
  });

  test('does not play a plan with faults, and tells each with its line', async () => {
    const plan = (await readFile(surgery, 'utf8')).replace('localTime:', 'localTme:').replace('questionnaire: surgery-check', 'questionnaire: surgery-chek');

    const { code, out, error } = rehearseCommand([await write('faulty.yaml', `${plan}\n"\\e[2Jcolour": red\n`)]);

    expect([code, out]).toEqual([1, '']);
    expect(error, 'what a terminal would obey is shown').toContain('Remove "\\u001b[2Jcolour"');
    expect(error).toMatch(/^Correct the plan:\n {2}\S+faulty\.yaml:\d+ steps/);
    expect(error).toMatch(/surgery-chek|surgery-check/);
  });

  test.each([
    ['replies to a step that the plan does not have', ['--replies', 'wrong.json'], { steps: { 'wound-day-2': [{ kind: 'silent' }] } }, /replies\.steps\.wound-day-2: Use a step of the plan: preparation, /],
    ['a reply of a kind that is none', ['--replies', 'wrong.json'], { otherwise: { kind: 'rude' } }, /replies\.otherwise\.kind: Write "kind" as one of answers, green, red, amber, silent, text\./],
    ['a file that is no JSON', ['--replies', 'wrong.json'], '{"otherwise":', /Write \S+wrong\.json as JSON\./],
    ['a file that is not there', ['--patient', '/nowhere.json'], {}, /Make \/nowhere\.json readable/],
    ['an option that is none', ['--for', 'P60D'], {}, /^Unknown option '--for'\.\nUsage: npm run rehearse/],
    ['a plan beside it that does not fit', ['--with', `${surgery}:wrong.json`], { tags: ['frail'] }, /alongside\.0\.plan: Name another plan[^\n]*\n {2}alongside\.0\.tags\.0: /],
    ['a time that is none', ['--until', 'soon'], {}, /until: Write an instant such as/],
  ])('exits with 1 and one sentence on %s', async (_name, options, wrong, expected) => {
    const file = await write('wrong.json', wrong);

    const { code, out, error } = rehearseCommand([surgery, ...options.map((option) => option.replace('wrong.json', file))]);

    expect([code, out]).toEqual([1, '']);
    expect(error).toMatch(expected);
    expect(error).not.toMatch(/\n +at /);
  });

  test('without a plan says how it is used and fails, and when asked it says so and does not', async () => {
    const without = await rehearse();
    const asked = rehearseCommand(['--help']);

    expect([without.code, without.out]).toEqual([1, '']);
    expect(without.error).toMatch(/^Usage: /);
    expect(asked).toEqual({ code: 0, out: without.error, error: '' });
  });
});

describe('npm run explain', () => {
  test('says how it is used when asked, where nothing is set yet', async () => {
    expect(await run('api/explain-cli.ts', '--help')).toEqual({ code: 0, out: expect.stringContaining('npm run explain -- ENROLMENT') as string, error: '' });
  });
});

describe('docs/rehearsal.md', () => {
  test('has commands that work as they stand', async () => {
    const commands = [...guide.matchAll(/^npm run --silent rehearse -- (.+)$/gm)].map(([, given = '']) => given.split(' ').map((word) => (word.startsWith('templates/') ? path.join(root, word) : word)));

    const ran = await Promise.all(commands.map((given) => rehearse(...given)));

    expect(ran.map(({ code, error }) => [code, error])).toEqual(commands.map(() => [0, '']));
    const [plain, chinese, json, together] = ran;
    expect(plain?.out).toContain('wound-day-30');
    expect(chinese?.out).toContain('红色警报');
    expect(chinese?.out).toContain('2026-05-02 10:00');
    expect(together?.out).toMatch(/^\S+ \S+ +heart-failure: \S+/m);
    expect(together?.out).toContain('surgery-recovery: wound-day-30');
    const timeline = (JSON.parse(json?.out ?? '') as { timeline: { kind: string; outcome: string | null }[] }).timeline;
    expect(timeline.filter(({ kind }) => kind === 'outside').map(({ outcome }) => outcome)).toEqual(['admitted', 'active', 'paused', 'resumed', 'anchor-moved', 'waived', 'ended']);
    expect(timeline.at(-1)).toMatchObject({ kind: 'plan-ended', outcome: 'withdrawn' });
  });
});
