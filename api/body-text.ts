import type { z } from 'zod';
import { mostFaults } from '../domain/plan/document.ts';
import { Problem, faultsOf } from './problem.ts';
import type { FieldFault } from './problem.ts';

/** Why a request's text is refused, as plain data: it is found in a thread and answered by the API's own. */
export interface Refused {
  ok: false;
  code: 'malformed-json' | 'invalid';
  detail: string;
  errors: readonly FieldFault[];
}

export function refused(detail: string, errors: readonly FieldFault[]): Refused {
  return { ok: false, code: 'invalid', detail, errors: errors.slice(0, mostFaults) };
}

export function problemOf({ code, detail, errors }: Refused): Problem {
  return new Problem(code, detail, { errors });
}

/** Reads the body of a route that parses it in a thread, as other bodies are read (see body.ts and mount.ts). */
export function readBody<Body>(text: string, schema: z.ZodType<Body>): { ok: true; body: Body } | Refused {
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value !== 'object' || value === null) return { ok: false, code: 'malformed-json', detail: 'Send valid JSON: an object, in UTF-8.', errors: [] };
  const parsed = schema.safeParse(value);
  return parsed.success ? { ok: true, body: parsed.data } : refused('Correct the fields that "errors" lists, and send it again.', faultsOf(parsed.error, ''));
}
