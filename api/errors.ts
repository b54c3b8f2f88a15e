import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { AlreadyEnrolled } from '../store/enrolments.ts';
import { EnrolmentUnknown } from '../store/follow-up-row.ts';
import { GateInputError, GateRefused, GrantGone, VersionConflict } from '../store/gate.ts';
import { KeyReused, SameRequestUnderWay } from '../store/idempotency.ts';
import { isPassing } from '../store/ping.ts';
import { PlanExists, PlanOfAnotherDepartment } from '../store/plans.ts';
import { Problem, invalidField, notFound, problemBody } from './problem.ts';

/** What to do about a refusal, by the gate's reason. */
const advice: Readonly<Record<string, string>> = {
  'bad-token': 'Sign in again.',
  'not-in-care-team': 'Only the treating department sees this patient. Ask it to start a plan of your department for the patient, or check the id.',
  'not-permitted': 'Your roles do not allow this for this purpose. Ask somebody whose role does.',
  'field-not-permitted': 'Your roles do not allow some of these fields. Ask for fewer.',
  'ledger-behind': 'The audit ledger is behind, so routine access is held. Tell the operators; red pages and rights of patients go on.',
  malformed: 'The gate could not read the request. Check the ids and X-Reason.',
};

/** The page that explains problems, for a caller of the API. */
export const docsPath = '/docs';

/** The one place where an error becomes an answer. What is not ours is logged without its message and answered with 500. */
export function errorHandler(docsUrl: string): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const problem = toProblem(error);
    if (problem.status >= 500) request.log.error({ err: problem.cause ?? problem }, 'a request failed');
    sendProblem(problem, request, response, docsUrl);
  };
}

export function sendProblem(problem: Problem, request: Request, response: Response, docsUrl: string): void {
  const requestId = typeof request.id === 'string' ? request.id : '';
  // RFC 9110 wants it of every 401.
  if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
  if (problem.retryAfterSeconds !== null) response.setHeader('Retry-After', String(problem.retryAfterSeconds));
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problemBody(problem, requestId, docsUrl)));
}

/** For addresses that no route has. */
export function nowhere(docsUrl: string): RequestHandler {
  return () => {
    throw new Problem('not-found', `There is no such address. See ${docsUrl} for those that there are.`);
  };
}

/** For an address that takes these methods and no other; it stands behind the routes. */
export function onlyMethods(allowed: readonly string[]): RequestHandler {
  return (request, response, next) => {
    if (request.method === 'OPTIONS') {
      next();
      return;
    }
    response.setHeader('Allow', allowed.join(', '));
    throw new Problem('wrong-method', `Use ${allowed.join(' or ')} here.`);
  };
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof GateRefused) return refusal(error);
  if (error instanceof GrantGone) return new Problem('conflict', 'The right to do this ended meanwhile, by time or by a withdrawal. Send the request again.', { cause: error });
  if (error instanceof VersionConflict) return new Problem('conflict', 'Somebody changed this meanwhile, or it is taken. Read it again and repeat.', { cause: error });
  if (error instanceof GateInputError) return new Problem('invalid', error.message.replace(/^carethread: /, ''), { cause: error });
  if (error instanceof EnrolmentUnknown) return notFound('enrolment');
  if (error instanceof AlreadyEnrolled) return new Problem('conflict', error.message, { cause: error, context: { enrolmentId: error.enrolmentId } });
  if (error instanceof PlanOfAnotherDepartment) return invalidField('/department', error.message);
  if (error instanceof PlanExists) return new Problem('conflict', error.message, { cause: error });
  if (error instanceof KeyReused) return new Problem('key-reused', 'Use a new Idempotency-Key for a new request; this one belongs to another.');
  if (error instanceof SameRequestUnderWay) return new Problem('same-request-under-way', 'A request with this Idempotency-Key is under way. Ask again in a few seconds with the same key.');
  return unreadable(error) ?? unreachable(error) ?? new Problem('internal', 'Nothing was changed. Try again; if it stays, tell the operators the requestId.', { cause: error });
}

function refusal(error: GateRefused): Problem {
  if (error.reason === 'bad-token') return new Problem('not-signed-in', 'This token is unknown, over or signed out. Sign in again.');
  return new Problem('refused', advice[error.reason] ?? 'The gate refused.', { context: { reason: error.reason, verdict: error.verdict, receipt: error.receipt } });
}

/** What the reader of a body or an address says of one that it cannot take: anybody may send such a thing, so it is no fault of ours. Null for other errors. */
export function unreadable(error: unknown): Problem | null {
  if (error instanceof URIError) return new Problem('bad-request', 'Percent-encode the address properly.');
  if (!(error instanceof Error)) return null;
  switch ('type' in error ? error.type : null) {
    case 'entity.too.large':
      return new Problem('too-large', `Send less: this address takes at most ${'limit' in error ? String(error.limit) : 'a few'} bytes.`);
    case 'parameters.too.many':
      return new Problem('too-large', 'Send a form with fewer fields.');
    case 'entity.parse.failed':
      return new Problem('malformed-json', 'Send valid JSON: an object, in UTF-8.');
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return new Problem('wrong-media-type', 'Send the body as UTF-8, without an encoding that is not known here.');
    case 'request.aborted':
    case 'request.size.invalid':
      return new Problem('bad-request', 'The body ended early. Send it again.');
    default:
      // The reader's own word that it is the caller's fault: a body that is not compressed as it says.
      return 'expose' in error && error.expose === true ? new Problem('bad-request', 'The body cannot be read. Send it whole, and compressed as Content-Encoding says.') : null;
  }
}

/** A database that does not answer, or not in time, is said to be that, so that callers try again. Null for other errors. */
export function unreachable(error: unknown): Problem | null {
  return isPassing(error) ? new Problem('unavailable', 'The database cannot be reached, or is busy. Nothing was changed: try again in a while.', { cause: error }) : null;
}
