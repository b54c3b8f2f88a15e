import type { PlanFault } from '../domain/plan/parse.ts';
import type { FieldFault } from './problem.ts';

/** Faults of a plan's text, each with a JSON pointer into the plan and, where it is known, its line. `prefix`: where the request holds the plan. */
export function planFaults(faults: readonly PlanFault[], prefix = ''): FieldFault[] {
  return faults.map(({ path, message, line }) => ({ pointer: `${prefix}${path === '' && prefix !== '' ? '' : '/'}${path.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`, message: line === undefined ? message : `Line ${line}: ${message}` }));
}
