import type { Plan, Rule, Step } from '../../../domain/plan/format.ts';
import { rulesOf } from '../../../domain/plan/questions.ts';
import { durationParts } from '../../../domain/time/durations.ts';

const intro = `# Ready plans

Seven plans are shipped in \`templates/plans\`. **Each needs local clinical approval**: who is paged, every threshold and every wording is a
proposal, whatever its sources. Each is rehearsed in \`test/unit/ready-plans\` as green, amber, red, silent, readmitted, deceased and with a
wrong number, and at the edge of every threshold. This page is written from the plans by \`npx vitest run --project unit
test/unit/ready-plans/page.test.ts -u\`; a test compares it.

Red pages at any hour: on-call, after 15 minutes the second on-call, after 30 the supervisor, then every 10 minutes. Amber goes to the nurse
in business hours, and to on-call at the latest after 24 hours. Silence ends as a task for staff.
`;

/** docs/ready-plans.md as it is to stand. */
export function readyPlansPage(plans: readonly Plan[]): string {
  return [intro, ...plans.map(section)].join('\n');
}

function section(plan: Plan): string {
  const rules = [...new Map(plan.steps.flatMap((step) => ('rules' in step ? rulesOf(plan, step).map((rule) => [`${rule.id} ${rule.if}`, rule] as const) : []))).values()];
  return [
    `## ${plan.title.en}`, '', `\`${plan.id}\`, version ${plan.version}, department \`${plan.department}\`. Sources: ${(plan.sources ?? []).join('; ')}.`, '',
    ...table(['step', 'when', 'what'], plan.steps.map((step) => [`\`${step.id}\``, whenOf(step), whatOf(step)])),
    ...(rules.length === 0 ? [] : ['', ...table(['rule', 'of', 'when it holds', 'then'], rules.map((rule) => ruleRow(plan, rule)))]), '',
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
}

function whenOf({ at, every, when }: Step): string {
  const { days, timeMs } = durationParts(at.offset ?? 'P0D');
  const offset = at.businessDays === undefined ? (timeMs === 0 ? `day ${days}` : `${timeMs / 3_600_000} h`) : `business day ${at.businessDays}`;
  const repeated = every === undefined ? '' : `, \`${every.rule}\`${every.until === undefined ? '' : ` until ${every.until.anchor}`}`;
  return `${offset} of ${at.anchor}${at.localTime === undefined ? '' : `, ${at.localTime}`}${repeated}${when === undefined ? '' : `; if \`${when}\``}`;
}

function whatOf(step: Step): string {
  switch (step.kind) {
    case 'remind':
      return `message \`${step.message}\``;
    case 'advise':
      return `advice \`${step.advice}\``;
    case 'ask':
    case 'call':
      return `${step.kind === 'ask' ? 'questions' : 'call'} \`${step.questionnaire}\``;
    case 'measure':
      return `readings ${step.readings.map(({ id }) => id).join(', ')}`;
    case 'task':
      return `staff: ${step.title.en}`;
    case 'review':
      return `${step.by}: ${step.title.en}`;
  }
}

function ruleRow(plan: Plan, rule: Rule): string[] {
  const steps = plan.steps.filter((step) => 'rules' in step && rulesOf(plan, step).some(({ id, if: condition }) => id === rule.id && condition === rule.if)).map(({ id }) => id);
  const does = rule.do.map((action) => {
    switch (action.kind) {
      case 'escalate':
        return `**${action.level}**`;
      case 'task':
        return `task \`${action.title}\``;
      case 'start':
        return `starts \`${action.anchor}\``;
      case 'tag':
        return `${action.remove === true ? 'takes away' : 'puts'} the tag \`${action.tag}\``;
      case 'end':
        return 'ends the plan';
    }
  });
  return [`\`${rule.id}\``, steps.join(', '), `\`${rule.if}\``, `${does.join(', ')}${rule.confirm === undefined ? '' : `, if it holds again after ${rule.confirm.after}`}`];
}
