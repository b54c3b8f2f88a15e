import { z } from 'zod';
import type { Role } from '../domain/codes.ts';
import type { Instant } from '../domain/follow-up/types.ts';
import type { Transaction } from '../store/connect.ts';
import type { ListRequest, OpenRequest, Session } from '../store/gate.ts';
import type { ThreadToPoke } from '../store/threads.ts';
import type { ApiDeps } from './deps.ts';
import type { ProblemCode } from './problem.ts';

export type Method = 'get' | 'post' | 'put' | 'delete';

/** What a handler may do besides answering; the same for every route. */
export interface Asker {
  deps: ApiDeps;
  session: Session;
  token: string;
  /** Business time of the request. */
  now: Instant;
  /**
   * Opens a right at the gate and answers with its secret, usable in the next transaction. Throws GateRefused, which becomes
   * a 403 with the gate's reason; the gate has audited it. `act` (at most 59 characters) tells more than the action does.
   */
  open: (request: Pick<OpenRequest, 'purpose' | 'action' | 'patients' | 'fields' | 'enrolmentId'> & { act?: string }) => Promise<string>;
  /** The same for a list: whoever is not in the asker's care is left out of the right, and nothing is refused for them. */
  openListed: (request: Pick<ListRequest, 'purpose' | 'action' | 'patients' | 'fields'> & { act?: string }) => Promise<string>;
  /**
   * The one transaction of a change. With an `Idempotency-Key` the answer is kept in the same transaction, so a repetition gets
   * the same answer and changes nothing; without one it is a plain transaction. What `tell` is given is poked after the commit.
   */
  commit: <Answer>(change: (tx: Transaction, tell: (threads: readonly ThreadToPoke[]) => void) => Promise<Answer>) => Promise<Answer>;
  /** Records an administrative act in the ledger, within `tx` where the act is; codes only. */
  note: (act: { action: string; verdict?: 'allowed' | 'refused' | 'noted'; reason?: string; subject?: string; detail?: string }, tx?: Transaction) => Promise<void>;
  /** Ids that the request's log line carries besides its own. */
  logIds: (ids: { enrolmentId?: string; workflowId?: string }) => void;
  setHeader: (name: string, value: string) => void;
}

export type Asked<Params, Query, Body> = Asker & { params: Params; query: Query; body: Body };
export type AskedOpenly<Params, Query, Body> = Pick<Asker, 'deps' | 'setHeader'> & { params: Params; query: Query; body: Body };

const nothing = z.strictObject({});
type Nothing = typeof nothing;

interface Described<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType, Answer extends z.ZodType> {
  method: Method;
  /** OpenAPI form: `/v1/patients/{patientId}`. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  params?: Params;
  query?: Query;
  body?: Body;
  /** The body is taken as text of these media types; `body` is then a string schema. */
  textTypes?: readonly string[];
  /** Bytes of the body at most. */
  limitBytes?: number;
  answer: Answer;
  /** Status of the good answer; 200 unless told. */
  status?: number;
  /** Media type of the answer; JSON unless told. */
  answerType?: string;
  /** Problems that this route may answer with besides those of its kind. */
  problems?: readonly ProblemCode[];
}

/** A route as the router and the documentation see it: one list of these makes both. */
export interface Route {
  method: Method;
  path: string;
  tag: string;
  summary: string;
  description: string;
  params: z.ZodObject;
  query: z.ZodObject;
  body: z.ZodType | null;
  textTypes: readonly string[];
  limitBytes: number;
  /** The body is documented by its schema, and parsed by whoever handles it. */
  parsesItself: boolean;
  answer: z.ZodType;
  answerType: string;
  status: number;
  problems: readonly ProblemCode[];
  /** `open`: anybody; `signed-in`: the gate decides; else the roles that may. */
  access: 'open' | 'signed-in' | readonly Role[];
  /** Whether the request is worth an `Idempotency-Key`: it changes something, and its answer holds ids and codes only. */
  keyed: boolean;
  handle: (asked: unknown) => Promise<unknown>;
}

const defaults = { parsesItself: false, description: '', textTypes: [], limitBytes: 64 * 1024, status: 200, answerType: 'application/json', problems: [] };

/** A route for staff. `access`: the roles that may, or `signed-in` where the gate decides. */
export function route<Answer extends z.ZodType, Params extends z.ZodObject = Nothing, Query extends z.ZodObject = Nothing, Body extends z.ZodType = z.ZodNull>(
  access: 'signed-in' | readonly Role[],
  described: Described<Params, Query, Body, Answer> & { keyed?: boolean },
  handle: (asked: Asked<z.output<Params>, z.output<Query>, z.output<Body>>) => Promise<z.input<Answer>>,
): Route {
  // The pipeline parses by the very schemas that `handle` is typed by, so this is the one place where the types are put aside.
  return { ...defaults, params: nothing, query: nothing, body: null, keyed: described.method !== 'get', ...described, access, handle: handle as Route['handle'] };
}

/** A route for staff whose JSON may be too large for the event loop: `handle` gets its text, and parses it in a thread, which may have written the answer too. */
export function routeOfText<Answer extends z.ZodType, Params extends z.ZodObject = Nothing>(
  access: readonly Role[],
  described: Described<Params, Nothing, z.ZodObject, Answer> & { keyed: false },
  handle: (asked: Asked<z.output<Params>, z.output<Nothing>, string>) => Promise<z.input<Answer> | Uint8Array>,
): Route {
  return { ...defaults, params: nothing, query: nothing, body: null, ...described, parsesItself: true, access, handle: handle as Route['handle'] };
}

/** A route for anybody. It sees no session. */
export function openRoute<Answer extends z.ZodType, Params extends z.ZodObject = Nothing, Query extends z.ZodObject = Nothing, Body extends z.ZodType = z.ZodNull>(
  described: Described<Params, Query, Body, Answer>,
  handle: (asked: AskedOpenly<z.output<Params>, z.output<Query>, z.output<Body>>) => Promise<z.input<Answer>>,
): Route {
  return { ...defaults, params: nothing, query: nothing, body: null, keyed: false, ...described, access: 'open', handle: handle as Route['handle'] };
}

/** `/v1/patients/{patientId}` as Express writes it. */
export function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
