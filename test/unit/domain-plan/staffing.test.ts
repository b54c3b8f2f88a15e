import { describe, expect, test } from 'vitest';
import type { Staffing } from '../../../domain/plan/staffing.ts';
import { validatePlan } from '../../../domain/plan/validate.ts';
import { shippedContent } from '../../support/content.ts';
import { rotas } from '../../../sandbox/secrets.ts';
import { catalogue, goodPlan } from './plans.ts';

const review = '  - { kind: review, id: look, title: { en: Look }, at: { anchor: surgery, offset: P2D }, lateness: { sendWithin: P1D, otherwise: task }, instruction: look, by: nurse, within: P1D }\nladders:';
const withReview = goodPlan.replace('ladders:', review);
const manned: Staffing = { rotas: { 'on-call-1': 2, nurse: 1 }, departments: { surgery: 3 } };
const toldOf = (text: string, staffing: Staffing) => {
  const validated = validatePlan(text, { ...catalogue, staffing });
  const lines = (told: typeof validated.warnings): string[] => told.map(({ path, line, message }) => `${path}|${String(line ?? '-')}|${message}`);
  return { faults: validated.ok ? [] : lines(validated.faults), warnings: lines(validated.warnings) };
};

describe('what a plan tells staff to do', () => {
  test('is warned of where no text says it, and may be published', () => {
    const { ok, warnings } = validatePlan(withReview, { ...catalogue, instructions: { other: { en: 'Do this.' } } });

    expect([ok, warnings]).toEqual([true, [{ path: 'steps[2].instruction', line: 26, message: 'Staff will read "look" as it stands: there is no text for it. Write the file instructions/look.yaml, or use one of: other.' }]]);
    expect(validatePlan(withReview, { ...catalogue, instructions: { look: { en: 'Look.' } } }).warnings).toEqual([]);
  });

  test('is said in both languages for each shipped plan', () => {
    const content = shippedContent();

    const warned = Object.entries(content.plans).filter(([, plan]) => validatePlan(JSON.stringify(plan), content).warnings.length > 0);

    expect(warned.map(([id]) => id)).toEqual([]);
    expect(Object.entries(content.instructions).filter(([, { zh }]) => zh === undefined).map(([id]) => id)).toEqual([]);
  });
});

describe('whom a plan names', () => {
  test('is there: nothing is said', () => {
    expect(toldOf(withReview, manned)).toEqual({ faults: [], warnings: [] });
  });

  test('by a rota that does not exist is a fault at its line, which says which rotas there are and how one is made', () => {
    const { faults } = toldOf(withReview.replace('page: on-call-1', 'page: eye-on-call').replace('by: nurse', 'by: constructor'), manned);

    expect(faults).toEqual([
      'ladders.red.rungs[0].page|28|"eye-on-call" is no rota, so a page to it reaches nobody. Use one of: nurse, on-call-1; or make it first, with the people tool (docs/api.md, "Signing in").',
      'steps[2].by|26|"constructor" is no rota, so this is for nobody. Use one of: nurse, on-call-1; or make it first, with the people tool (docs/api.md, "Signing in").',
    ]);
  });

  test('is told beside the other faults, of a plan that cannot be read whole', () => {
    const { faults } = toldOf(goodPlan.replace('page: on-call-1', 'page: eye-on-call').replace('kind: remind', 'kind: remid'), { rotas: {}, departments: {} });

    expect(faults.join('\n')).toContain('steps[0].kind');
    expect(faults.join('\n')).toContain('There is no rota yet; or make it first');
  });

  test('by a rota on which nobody can be paged, or a department that nobody is in, is warned of and may be published', () => {
    const { faults, warnings } = toldOf(withReview, { rotas: { 'on-call-1': 0, nurse: 0 }, departments: { cardiology: 1 } });

    expect(faults).toEqual([]);
    expect(warnings).toEqual([
      'ladders.red.rungs[0].page|28|Nobody on the rota "on-call-1" can be paged now: each is inactive or has no phone. Until that is mended a page goes to the next rung.',
      'steps[2].by|26|Nobody on the rota "nurse" is there now: each is inactive or has no phone.',
      'department|5|No active coordinator or clinician is in the department "surgery": nobody sees its tasks and alerts.',
    ]);
  });

  test('in a shipped plan is on the rotas of the laptop\'s hospital', () => {
    const content = shippedContent();
    const staffing = { rotas: Object.fromEntries(rotas.map(({ role, logins }) => [role, logins.length])), departments: {} };

    const faulty = Object.entries(content.plans).filter(([, plan]) => !validatePlan(JSON.stringify(plan), { ...content, staffing }).ok);

    expect(Object.keys(content.plans).length).toBeGreaterThanOrEqual(7);
    expect(faulty.map(([id]) => id)).toEqual([]);
  });
});
