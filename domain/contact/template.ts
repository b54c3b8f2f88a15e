import { Liquid } from 'liquidjs';
import type { Template } from 'liquidjs';
import { variableNames } from './variables.ts';

const allowedTags = new Set(['if', 'unless', 'comment']);

/**
 * LiquidJS cut down to what a message needs: the closed set of variables, `if`, `unless` and comments. No other tag, no filter,
 * no file, no loop; an undefined variable is an error. Size bounds the work; time does not, or a machine that stalls would refuse
 * a message that is in order.
 */
function createEngine(): Liquid {
  const engine = new Liquid({ strictVariables: true, strictFilters: true, lenientIf: true, ownPropertyOnly: true, templates: {}, parseLimit: 20_000, memoryLimit: 100_000 });
  for (const tag of Object.keys(engine.tags)) if (!allowedTags.has(tag)) Reflect.deleteProperty(engine.tags, tag);
  for (const filter of Object.keys(engine.filters)) Reflect.deleteProperty(engine.filters, filter);
  return engine;
}

const engine = createEngine();
const probe: Record<string, string> = Object.fromEntries(variableNames.map((name) => [name, 'x']));

/** The variables that a template names, and what is wrong with it, as sentences. */
export function inspectTemplate(template: string): { variables: string[]; faults: string[] } {
  try {
    const parsed = engine.parse(template);
    const paths = engine.globalFullVariablesSync(parsed);
    const variables = [...new Set(paths.map((path) => path.split(/[.[]/)[0] ?? path))];
    const faults = variables.filter((name) => !variableNames.some((known) => known === name)).map((name) => `Remove {{ ${name} }}: a message may use only ${variableNames.join(', ')}.`);
    for (const path of paths) if (/[.[]/.test(path)) faults.push(`Write the variable by its name alone instead of {{ ${path} }}.`);
    // Filled in once, because the limit on memory is met only then.
    if (faults.length === 0) engine.renderSync(parsed, probe);
    return { variables, faults };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { variables: [], faults: [`Correct the template: ${error.message.replace(/\s+/g, ' ')}.`] };
  }
}

/** Approved texts are a few hundred and come again with every contact: each is read once. */
const kept = new Map<string, Template[]>();
const mostKept = 1_000;

function parsedOnce(template: string): Template[] {
  const known = kept.get(template);
  if (known !== undefined) return known;
  const parsed = engine.parse(template);
  if (kept.size >= mostKept) kept.clear();
  kept.set(template, parsed);
  return parsed;
}

/** Fills a template in. Values are never read as templates. Throws LiquidJS's error when a variable is missing. */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return String(engine.renderSync(parsedOnce(template), values)).trim();
}
