import { z } from 'zod';

/** A member of a request that is at fault: where (JSON pointer into the body, or `query/<name>`, `path/<name>`, `header/<name>`), and what to do. */
export interface FieldFault {
  pointer: string;
  message: string;
}

export const fieldFaultSchema = z.object({ pointer: z.string().meta({ description: 'JSON pointer into the body; outside it `query/<name>`, `path/<name>` or `header/<name>`.' }), message: z.string() }).meta({ id: 'FieldFault' });

/** RFC 9457. `code` is stable and for programs; `detail` tells a person what to do. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    requestId: z.string(),
    errors: z.array(fieldFaultSchema).optional(),
    context: z.record(z.string(), z.unknown()).optional().meta({ description: 'Ids and codes that belong to this problem, such as the task that was made.' }),
  })
  .meta({ id: 'Problem' });

const titles = {
  'malformed-json': [400, 'The body is no JSON'],
  'bad-request': [400, 'The request cannot be read'],
  'not-signed-in': [401, 'Nobody is signed in'],
  refused: [403, 'The gate refused'],
  'wrong-role': [403, 'Your role may not do this'],
  'wrong-origin': [403, 'This page may not do this'],
  'wrong-signature': [403, 'The telephone provider has not signed this'],
  'not-found': [404, 'There is no such thing'],
  'wrong-method': [405, 'This address takes other methods'],
  'too-slow': [408, 'The request did not come to its end'],
  conflict: [409, 'This was changed or taken meanwhile'],
  'duplicate-identifier': [409, 'A patient with this identifier is known already'],
  'same-request-under-way': [409, 'The same request is under way'],
  'too-large': [413, 'The body is too large'],
  'wrong-media-type': [415, 'The body has another media type than this address takes'],
  invalid: [422, 'Some fields are wrong'],
  'key-reused': [422, 'This Idempotency-Key was used for another request'],
  'too-many-requests': [429, 'Too many requests'],
  'headers-too-large': [431, 'The headers are too large'],
  internal: [500, 'Something went wrong here'],
  'took-too-long': [503, 'This took longer than it may'],
  unavailable: [503, 'A part that this needs cannot be reached'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof titles;

/** Thrown by whatever answers a request when it ends in a problem; the error handler writes it as problem+json. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly errors: readonly FieldFault[];
  readonly context: Readonly<Record<string, unknown>>;
  /** The header `Retry-After`, where there is a time to say. */
  readonly retryAfterSeconds: number | null;

  constructor(code: ProblemCode, detail: string, more: { errors?: readonly FieldFault[]; context?: Readonly<Record<string, unknown>>; cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.errors = more.errors ?? [];
    this.context = more.context ?? {};
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }

  get status(): number {
    return titles[this.code][0];
  }
}

/** `docsUrl` is the page that explains problems, as a caller of this process reaches it; null where the process does not know any. */
export function problemBody(problem: Problem, requestId: string, docsUrl: string | null): z.input<typeof problemSchema> {
  return {
    type: docsUrl === null ? 'about:blank' : `${docsUrl}#problem-${problem.code}`,
    title: titles[problem.code][1],
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    requestId,
    ...(problem.errors.length === 0 ? {} : { errors: [...problem.errors] }),
    ...(Object.keys(problem.context).length === 0 ? {} : { context: { ...problem.context } }),
  };
}

/** Every code with its status and title, for the page that explains them. */
export const problemCodes: readonly { code: string; status: number; title: string }[] = Object.entries(titles).map(([code, [status, title]]) => ({ code, status, title }));

/** A field that is wrong, found after the shape was right. */
export function invalidField(pointer: string, message: string): Problem {
  return new Problem('invalid', 'Correct the fields that "errors" lists, and send it again.', { errors: [{ pointer, message }] });
}

export function notFound(what: string): Problem {
  return new Problem('not-found', `There is no such ${what}, or it was never yours to see. Check the id.`);
}

export function faultsOf(error: z.ZodError, prefix: string): FieldFault[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1'));
    if (issue.code === 'unrecognized_keys') return issue.keys.map((unknownKey) => ({ pointer: `${prefix}/${[...path, unknownKey.slice(0, 80)].join('/')}`, message: 'Remove this field: it is not known here.' }));
    return [{ pointer: [prefix, ...path].join('/'), message: issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message }];
  });
}

/** What to do about a value whose schema has no words of its own; undefined where zod's are as good as ours. */
export function sentenceOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'Give this field: it is missing.' : `Write ${typeWords[issue.expected] ?? issue.expected} here.`;
    case 'too_small':
      if (issue.origin === 'string') return issue.minimum === 1 ? 'Write something: this must not be empty.' : `Write at least ${issue.minimum} characters.`;
      return issue.origin === 'array' ? `List at least ${issue.minimum}.` : `Write at least ${issue.minimum}.`;
    case 'too_big':
      if (issue.origin === 'string') return `Write at most ${issue.maximum} characters.`;
      return issue.origin === 'array' ? `List at most ${issue.maximum}.` : `Write at most ${issue.maximum}.`;
    case 'invalid_value':
      return `${issue.input === undefined ? 'Give this field, as' : 'Write'} one of: ${issue.values.map(String).join(', ')}.`;
    default:
      return undefined;
  }
}

const typeWords: Readonly<Record<string, string>> = { string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', array: 'a list', object: 'an object', record: 'an object', null: 'null' };
