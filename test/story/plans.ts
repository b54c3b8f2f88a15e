import fc from 'fast-check';

/** Plans as coordinators write them, with every word of the language; small, because each is carried out for real. */

type Written = Record<string, unknown>;
const one = fc.constantFrom;
const rarely = <T>(value: T): fc.Arbitrary<T | undefined> => fc.option(fc.constant(value), { nil: undefined, freq: 3 });
const rarelyOf = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 3 });
/** Left out where it is undefined, as an author leaves it out. */
const without = (written: Written): Written => Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));

const facts = {
  kidney: { kind: 'yes-no', title: { en: 'Kidney disease', zh: '肾病' } },
  dry_weight: { kind: 'number', unit: 'kg', min: 30, max: 300, title: { en: 'Dry weight' } },
  smoking: { kind: 'choice', title: { en: 'Smoking' }, options: [{ code: 'never', title: { en: 'Never' } }, { code: 'daily', title: { en: 'Daily' } }] },
  due_date: { kind: 'date', title: { en: 'Due date' } },
};
const anchors = {
  surgery: { kind: 'date', title: { en: 'Surgery', zh: '手术' } },
  start: { kind: 'instant', title: { en: 'Start' } },
  visit: { kind: 'appointment', title: { en: 'Visit' } },
  'visit-missed': { kind: 'instant', title: { en: 'Visit missed' } },
  relapse: { kind: 'instant', title: { en: 'Relapse' } },
};

/** What a step may be made to depend on: facts, tags, anchors, silence, the calendar, in plain words and in CEL. */
const conditions = [
  'kidney is yes', 'smoking is daily or tagged frail', 'dry_weight at least 80', 'due_date before 2026-06-01', 'not tagged lives-alone', 'known.visit is yes', 'it is a weekend', 'it is not a business day', 'at least 3 days since surgery',
  'it is before 12:00', 'missed.first at least 1', 'facts.kidney && !("frail" in tags)', 'earlier.first.pain at least 5', 'earlier.days_ago.pain at least 3', 'missed.first at least 2 or kidney is no',
];
const times = one('08:30', '09:00', '10:00', '10:20', '14:00', '20:40', '22:30');

const at = fc.oneof(
  fc.record({ anchor: one('surgery', 'surgery', 'start', 'visit', 'visit-missed'), offset: one('P1D', 'P2D', 'P4D', '-P1D', 'P0D'), localTime: times, ifClosed: rarelyOf(one('next', 'previous', 'keep')) }),
  fc.record({ anchor: one('surgery', 'start'), offset: one('P1D', 'P3D'), window: one({ from: '09:00', to: '11:00' }, { from: '13:00', to: '20:00' }) }),
  fc.record({ anchor: one('start', 'visit'), offset: one('PT2H', 'P1DT3H', '-PT4H') }),
  fc.record({ anchor: one('surgery', 'start'), businessDays: one(1, 2, -1), localTime: times }),
).map(without);
const daily = fc.record({ anchor: one('surgery', 'start'), offset: one('P0D', 'P1D'), localTime: times });
const every = one<Written>({ rule: 'FREQ=DAILY;COUNT=3' }, { rule: 'FREQ=DAILY', until: { anchor: 'visit', offset: '-P1D' } }, { rule: 'FREQ=WEEKLY;BYDAY=MO,TH;COUNT=3' }, { rule: 'FREQ=DAILY;INTERVAL=2', until: { anchor: 'visit' } });
const lateness = fc.oneof(
  fc.record({ sendWithin: one('PT30M', 'PT8H', 'P1D'), otherwise: one('skip', 'task') }),
  fc.record({ sendWithin: one('PT30M', 'PT8H'), otherwise: fc.constant('move'), move: fc.record({ within: one('P1D', 'P3D'), then: one('skip', 'task') }) }),
);

const action = one<Written>(
  { kind: 'escalate', level: 'red' }, { kind: 'escalate', level: 'amber' }, { kind: 'task', title: 'look-at-this' }, { kind: 'tag', tag: 'frail' }, { kind: 'tag', tag: 'lives-alone', remove: true }, { kind: 'start', anchor: 'relapse' }, { kind: 'end' },
);
const rulesOn = (...tests: string[]) =>
  fc.uniqueArray(fc.record({ if: one(...tests), do: fc.array(action, { minLength: 1, maxLength: 2 }), confirm: rarely({ after: 'PT40M' }) }), { maxLength: 3, selector: (rule) => rule.if }).map((rules) =>
    rules.map((rule, index) => without({ id: `rule-${index}`, ...rule, confirm: rule.do.some(({ level }) => level === 'red') ? undefined : rule.confirm })),
  );
const reply = fc.record({ window: one('PT1H', 'PT3H'), nudges: rarelyOf(one(['PT20M'], ['PT30M', 'PT50M'])), silence: one('task', 'escalate-amber', 'escalate-red', 'nothing') }).map(without);
const messageChannels = rarelyOf(one(['sms'], ['email'], ['sms', 'email'], ['email', 'sms']));
const talkChannels = rarelyOf(one(['sms'], ['voice'], ['sms', 'voice'], ['voice', 'sms']));

const remind = fc.record({ kind: fc.constant('remind'), message: one('visit-reminder', 'surgery-preparation'), channels: messageChannels, sensitive: rarely(true) });
const advise = fc.record({ kind: fc.constant('advise'), advice: fc.constant('less-salt'), exclude: rarelyOf(one('kidney is yes', 'tagged frail')), channels: messageChannels, sensitive: rarely(true) });
const painTests = ['answers.pain at least 8', 'answers.pain at least 5', 'answers.pain is 0', 'answers.pain between 2 and 4', 'answers.pain at least 3 and kidney is yes'];
const askPain = (...tests: string[]) => fc.record({ kind: fc.constant('ask'), questionnaire: fc.constant('pain-check'), reply, channels: talkChannels, ruleSets: rarely(['shared']), rules: rulesOn(...painTests, ...tests) });
/** Of a step that stands behind the first. */
const askPainLater = askPain('answers.pain - earlier.first.pain >= 2', 'answers.pain - earlier.days_ago.pain >= 2');
const askMood = fc.record({ kind: fc.constant('ask'), questionnaire: fc.constant('phq-2'), reply, channels: talkChannels, rules: rulesOn('phq2 score at least 3', 'phq2 score at least 1') });
const weight = { id: 'weight', text: { en: 'What do you weigh today?', zh: '您今天的体重是多少？' }, unit: 'kg', min: 30, max: 300, decimals: 1 };
const pulse = { id: 'pulse', text: { en: 'How fast is your pulse?', zh: '您的脉搏是多少？' }, unit: '/min', min: 30, max: 220 };
const measure = fc.record({ kind: fc.constant('measure'), readings: one([weight], [weight, pulse]), reply, channels: talkChannels, rules: rulesOn('weight at least 100', 'answers.weight - facts.dry_weight >= 2', 'weight below 60', 'it is a weekend and weight more than 80') });
const call = fc.record({ kind: fc.constant('call'), questionnaire: fc.constant('recovery-call'), channels: rarely(['voice']), record: rarelyOf(fc.boolean()), redial: rarelyOf(one(['PT1H'], ['PT30M', 'PT2H'])), rules: rulesOn('tagged frail', 'danger is yes', 'answers.pain at least 5').map((rules) => rules.map((rule) => without({ ...rule, confirm: undefined }))) });
const task = fc.record({ kind: fc.constant('task'), instruction: fc.constant('transition-call'), within: rarely('P1D') });
const review = fc.record({ kind: fc.constant('review'), instruction: fc.constant('review-course'), by: fc.constant('nurse'), within: fc.constant('P3D') });
const kinds: fc.Arbitrary<Written>[] = [remind, advise, askPainLater, askPainLater, askMood, measure, measure, call, task, review];

const timed = fc.oneof({ weight: 3, arbitrary: fc.record({ at, every: fc.constant(undefined), afterAnchorMoved: rarelyOf(one('keep', 'again')) }) }, { weight: 1, arbitrary: fc.record({ at: daily, every, afterAnchorMoved: fc.constant(undefined) }) });
const circumstances = fc.record({ when: rarelyOf(one(...conditions)), whenUnknown: one('skip', 'send', 'task', undefined), passedWhilePaused: rarelyOf(one('lateness', 'skip', 'task')), lateness });
const step = fc.tuple(fc.oneof(...kinds), timed, circumstances).map(([particulars, time, { when, whenUnknown, ...rest }]) =>
  without({ title: { en: 'Step', zh: '步骤' }, ...particulars, ...time, ...rest, when, whenUnknown: when === undefined ? undefined : whenUnknown }),
);
/** The step that conditions of the others speak of. */
const first = fc.tuple(askPain(), fc.record({ at: daily, every: rarely({ rule: 'FREQ=DAILY;COUNT=4' }), lateness })).map(([particulars, time]) => without({ id: 'first', title: { en: 'First', zh: '第一步' }, ...particulars, ...time }));
const branch = fc.tuple(fc.oneof(remind, askPainLater), lateness).map(([particulars, late]) => without({ id: 'branch', title: { en: 'Branch' }, ...particulars, at: { anchor: 'relapse', offset: 'PT1H' }, lateness: late }));

const ladder = (level: 'red' | 'amber') =>
  fc.record({ rungs: one([{ page: 'on-call-1', wait: 'PT15M' }], [{ page: 'nurse', wait: 'PT1H' }, { page: 'supervisor', wait: 'PT30M' }]), repeatTop: one('PT10M', 'PT2H'), reachWithin: one('PT30M', 'PT4H'), hours: level === 'red' ? rarely('always') : one('always', 'business', undefined) }).map(without);
const businessHours = fc.record({ days: one(['mon', 'tue', 'wed', 'thu', 'fri'], ['mon', 'wed', 'sat', 'sun']), from: one('08:00', '09:30'), to: one('12:00', '17:00'), zone: rarelyOf(one('Asia/Shanghai', 'Europe/London')), holidays: rarelyOf(one('CN', 'GB')), exceptions: rarely({ '2026-03-09': [], '2026-03-11': [{ from: '10:00', to: '12:00' }] }) }).map(without);

/** What two plans of one patient do at about the same time: most often they share a message, or one waits for the other. */
const soon = (particulars: fc.Arbitrary<Written>) =>
  fc.tuple(particulars, fc.record({ at: fc.record({ anchor: fc.constant('surgery'), offset: fc.constant('P2D'), localTime: one('10:00', '10:00', '10:20', '10:35') }), every: rarely({ rule: 'FREQ=DAILY;COUNT=4' }), lateness })).map(([step, time]) => without({ title: { en: 'Meeting', zh: '相遇' }, ...step, ...time }));
const plainReminder = fc.record({ kind: fc.constant('remind'), message: one('visit-reminder', 'surgery-preparation'), channels: fc.constant(['sms']) });
/** Redialled, the calls of two plans are more than a day may have. */
const callAgain = call.map((drawn): Written => ({ ...drawn, channels: ['voice'], redial: ['PT30M', 'PT2H'] }));
const meetings = fc.oneof({ weight: 1, arbitrary: fc.tuple(soon(callAgain), soon(callAgain)) }, { weight: 3, arbitrary: fc.tuple(soon(plainReminder), soon(plainReminder)) }, { weight: 2, arbitrary: fc.tuple(soon(fc.oneof(plainReminder, remind, askPainLater, call)), soon(fc.oneof(remind, measure, call))) });

export interface DrawnPlan {
  id: string;
  steps: Written[];
  [word: string]: unknown;
}

const single: fc.Arbitrary<DrawnPlan> = fc
  .record({ approval: rarelyOf(one<Written>({ status: 'needed' }, { status: 'given', by: 'Dr Example', on: '2026-02-01' })), sources: rarely(['A guideline']), lookBack: one({ 'days-ago': { step: 'first', days: 1 } }, { 'days-ago': { step: 'first', days: 3 } }), first, steps: fc.array(step, { minLength: 1, maxLength: 3 }), branch, channels: one(['sms'], ['sms', 'voice', 'email'], ['sms', 'email', 'voice']), contactHours: rarelyOf(one({ from: '09:00', to: '20:00' }, { from: '07:00', to: '22:00' })), businessHours, red: ladder('red'), amber: ladder('amber'), purpose: rarely('follow-up') })
  .map(({ first: beginning, steps, branch: last, red, amber, ...rest }) =>
    without({
      format: 'carethread.plan/1', id: 'drawn', version: 1, title: { en: 'Drawn', zh: '抽取' }, department: 'surgery', anchors, facts, tags: ['frail', 'lives-alone'], ...rest,
      ruleSets: { shared: [{ id: 'shared-pain', if: 'answers.pain at least 9', do: [{ kind: 'escalate', level: 'red' }] }] }, steps: [beginning, ...steps.map((drawn, index) => ({ id: `step-${index}`, ...drawn })), last], ladders: { red, amber },
    }) as DrawnPlan,
  );

/** The plans of one patient: one, or two that meet. */
export const plans: fc.Arbitrary<DrawnPlan[]> = fc.oneof(
  { weight: 1, arbitrary: single.map((plan) => [plan]) },
  { weight: 4, arbitrary: fc.tuple(single, single, meetings).map(([one, other, [mine, theirs]]) => [withStep(one, { id: 'meets', ...mine }), withStep(ofItsOwn(other), { id: 'is-met', ...theirs })]) },
);

function withStep(plan: DrawnPlan, step: Written): DrawnPlan {
  return { ...plan, steps: [...plan.steps, step] };
}

/** Steps of other names than the first plan's, so that their order in one message is certain. All speak of "first", which is never in one. */
function ofItsOwn(plan: DrawnPlan): DrawnPlan {
  return { ...plan, steps: plan.steps.map((drawn) => (drawn['id'] === 'first' ? drawn : { ...drawn, id: `other-${String(drawn['id'])}` })) };
}
