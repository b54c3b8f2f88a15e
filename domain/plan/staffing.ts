import type { PlanParts, Report } from './check.ts';
import type { FaultPath } from './document.ts';

/** Who is there of the clinic's staff, in numbers. Read it anew for each plan: people come and go. */
export interface Staffing {
  /** Rota to how many on it can be paged; 0 where it exists and nobody can. */
  rotas: Readonly<Record<string, number>>;
  /** Department to how many see its tasks and alerts; one without anybody is not named. */
  departments: Readonly<Record<string, number>>;
}

/** A rota that a plan names, and where. */
interface NamedRota {
  rota: string;
  path: FaultPath;
  isPaged: boolean;
}

/** Rotas that do not exist are faults: a page to one reaches nobody. */
export function checkRotas(parts: PlanParts, staffing: Staffing, report: Report): void {
  const known = Object.keys(staffing.rotas).toSorted();
  for (const { rota, path, isPaged } of rotasNamed(parts)) {
    if (Object.hasOwn(staffing.rotas, rota)) continue;
    const what = isPaged ? `"${rota}" is no rota, so a page to it reaches nobody.` : `"${rota}" is no rota, so this is for nobody.`;
    report(path, `${what} ${known.length === 0 ? 'There is no rota yet' : `Use one of: ${known.join(', ')}`}; or make it first, with the people tool (docs/api.md, "Signing in").`);
  }
}

/** What may be published and would reach nobody as things stand: a rota on which nobody can be paged, a department that nobody is in. */
export function warnOfStaffing(parts: PlanParts, staffing: Staffing, report: Report): void {
  for (const { rota, path, isPaged } of rotasNamed(parts)) {
    if (staffing.rotas[rota] !== 0 || !Object.hasOwn(staffing.rotas, rota)) continue;
    report(path, isPaged ? `Nobody on the rota "${rota}" can be paged now: each is inactive or has no phone. Until that is mended a page goes to the next rung.` : `Nobody on the rota "${rota}" is there now: each is inactive or has no phone.`);
  }
  const { department } = parts;
  if (department !== null && (staffing.departments[department] ?? 0) === 0) report(['department'], `No active coordinator or clinician is in the department "${department}": nobody sees its tasks and alerts.`);
}

function rotasNamed(parts: PlanParts): NamedRota[] {
  const paged = (['red', 'amber'] as const).flatMap((level) => (parts.ladders?.[level]?.rungs ?? []).map(({ page }, index): NamedRota => ({ rota: page, path: ['ladders', level, 'rungs', index, 'page'], isPaged: true })));
  const asked = parts.steps.flatMap(({ index, step }): NamedRota[] => (step.kind === 'review' ? [{ rota: step.by, path: ['steps', index, 'by'], isPaged: false }] : []));
  return [...paged, ...asked];
}
