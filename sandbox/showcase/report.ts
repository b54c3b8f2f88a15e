import type { Check } from './checks.ts';
import type { Evidence, Scene, StoryItem } from './scene.ts';

export interface ReportLine {
  at: string;
  step: string;
  channel: string;
  outcome: string;
  detail: string;
}

/** What `npm run demo -- --json` prints. */
export interface Report {
  ok: boolean;
  checks: Check[];
  patients: { id: string; story: ReportLine[] }[];
}

export function reportOf(checks: Check[], stories: readonly { scene: Scene; seen: Evidence }[]): Report {
  return { ok: checks.every((check) => check.ok), checks, patients: stories.map(({ scene, seen }) => ({ id: scene.patient.id, story: seen.story.map(lineOf) })) };
}

/** One line of a story: codes become columns, and what is left over its detail. */
export function lineOf({ at, what, stepId, detail }: StoryItem): ReportLine {
  const { channel, outcome, disposition, delivered, ...rest } = detail;
  const result = outcome ?? disposition ?? (delivered === undefined ? null : delivered === true ? 'delivered' : 'not delivered');
  const left = Object.entries(rest).filter(([name, value]) => value !== null && !['escalationId', 'by', 'step'].includes(name));
  return {
    at,
    step: stepId ?? '',
    channel: channel === undefined ? '' : String(channel),
    outcome: result === null ? what : `${what}: ${String(result)}`,
    detail: left.map(([name, value]) => `${name} ${String(value)}`).join(', '),
  };
}

/** Every patient's story as a table in the patient's own time, then the checks. */
export function printReport(report: Report, stories: readonly { scene: Scene; seen: Evidence }[], print: (line: string) => void): void {
  for (const { scene, seen } of stories) {
    const { id, person } = scene.patient;
    print(`\n${id} (${person.language}, ${person.zone === 'night' ? 'where it is night' : 'where it is day'})`);
    const rows = seen.story.map((item) => {
      const line = lineOf(item);
      return [item.localTime.slice(11, 16), line.step, line.channel, line.outcome, line.detail];
    });
    for (const row of aligned([['time', 'step', 'channel', 'what', 'detail'], ...rows])) print(`  ${row}`);
  }
  print('\nChecks');
  for (const { name, ok, detail } of report.checks) print(`  ${ok ? 'holds ' : 'FAILS '} ${name.padEnd(20)} ${detail}`);
  const failed = report.checks.filter((check) => !check.ok).length;
  print(`\n${report.checks.length - failed} of ${report.checks.length} checks hold.`);
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}
