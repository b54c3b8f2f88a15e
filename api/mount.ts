import { createHmac } from 'node:crypto';
import { Router } from 'express';
import type { Request, Response } from 'express';
import { createGate } from '../store/gate.ts';
import { commitOnce } from '../store/idempotency.ts';
import type { ThreadToPoke } from '../store/threads.ts';
import { bodyReader } from './body.ts';
import type { ApiDeps } from './deps.ts';
import { onlyMethods } from './errors.ts';
import { identify } from './identify.ts';
import { Problem, faultsOf, sentenceOf } from './problem.ts';
import type { FieldFault } from './problem.ts';
import { expressPath } from './route.ts';
import type { Asker, Route } from './route.ts';

/** Routes as a router: reads, identifies, checks the role, parses, handles, answers. Anything thrown goes to the error handler. */
export function mountRoutes(routes: readonly Route[], deps: ApiDeps): Router {
  const router = Router({ caseSensitive: true, strict: true });
  for (const route of routes) {
    router[route.method](expressPath(route.path), ...bodyReader(route), async (request, response) => {
      response.locals['route'] = route.path;
      response.setHeader('Cache-Control', 'no-store');
      await answer(route, deps, request, response);
    });
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
    router.all(expressPath(path), onlyMethods(allowed));
  }
  return router;
}

async function answer(route: Route, deps: ApiDeps, request: Request, response: Response): Promise<void> {
  const asker = route.access === 'open' ? { deps, setHeader: setHeaderOn(response) } : await staffAsker(route, deps, request, response);
  const parsed = parseRequest(route, request);
  const body = await route.handle(Object.assign(asker, parsed));
  if (body instanceof Uint8Array) {
    response.status(route.status).type('json').send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    return;
  }
  if (route.answerType !== 'application/json') {
    response.status(route.status).type(route.answerType).send(typeof body === 'string' ? body : JSON.stringify(body));
    return;
  }
  response.status(route.status).json(body);
}

async function staffAsker(route: Route, deps: ApiDeps, request: Request, response: Response): Promise<Asker> {
  const { token, session } = await identify(request, deps);
  response.locals['actorId'] = session.personId;
  const note: Asker['note'] = ({ action, verdict = 'noted', reason, subject, detail }, tx) =>
    (tx === undefined ? deps.gate : createGate(tx)).note({ token, action, verdict, reason: reason ?? null, subject: subject ?? null, detail: detail ?? null });
  if (Array.isArray(route.access) && !session.roles.some((role) => route.access.includes(role))) {
    await note({ action: `${route.method}:${route.path.replaceAll(/[{}]/g, '')}`, verdict: 'refused', reason: 'wrong-role' });
    throw new Problem('wrong-role', `This takes the role ${route.access.join(' or ')}. Ask somebody who has it.`, { context: { reason: 'wrong-role' } });
  }
  const reason = reasonOf(request);
  const now = deps.clock().toISOString();
  // What exactly is done, and why, stand side by side in the ledger's detail.
  const why = (act: string | undefined): { reason?: string } => {
    const words = [act, reason].filter((word) => word !== undefined);
    return words.length === 0 ? {} : { reason: words.join(',') };
  };
  return {
    deps,
    session,
    token,
    now,
    note,
    setHeader: setHeaderOn(response),
    logIds: (ids) => Object.assign(response.locals, ids),
    async open({ act, ...right }) {
      const secret = await deps.gate.open({ token, ...right, ...why(act) });
      await deps.gate.demand(secret);
      return secret;
    },
    async openListed({ act, ...right }) {
      const secret = await deps.gate.openListed({ token, ...right, ...why(act) });
      await deps.gate.demand(secret);
      return secret;
    },
    async commit(change) {
      let told: ThreadToPoke[] = [];
      const key = route.keyed ? keyOf(request) : undefined;
      const once = key === undefined ? null : { actorId: session.personId, key, digest: digestOf(deps.requestKey, request) };
      const result = await commitOnce(deps.sql, once, (tx) => {
        // Of the try that is committed.
        told = [];
        return change(tx, (threads) => told.push(...threads));
      });
      if (told.length > 0) deps.pending.add(deps.poker.poke(told));
      return result;
    },
  };
}

const setHeaderOn = (response: Response) => (name: string, value: string) => {
  response.setHeader(name, value);
};

function parseRequest(route: Route, request: Request): { params: unknown; query: unknown; body: unknown } {
  const faults: FieldFault[] = [];
  const take = (part: 'path' | 'query' | '', schema: Route['body'], value: unknown): unknown => {
    if (schema === null) return null;
    const parsed = schema.safeParse(value, { error: sentenceOf });
    if (parsed.success) return parsed.data;
    faults.push(...faultsOf(parsed.error, part));
    return undefined;
  };
  const missingBody = route.body !== null && request.body === undefined;
  const taken = {
    params: take('path', route.params, request.params),
    query: take('query', route.query, request.query),
    body: route.parsesItself ? textOf(request) : take('', route.body, missingBody ? (route.textTypes.length > 0 ? '' : {}) : request.body),
  };
  if (faults.length > 0) throw new Problem('invalid', 'Correct the fields that "errors" lists, and send it again.', { errors: faults });
  return taken;
}

function textOf({ body }: { body?: unknown }): string {
  return typeof body === 'string' ? body : '';
}

/** Why somebody looks, as a code for the ledger. */
function reasonOf(request: Request): string | undefined {
  const reason = request.get('x-reason');
  if (reason !== undefined && !/^[A-Za-z0-9][A-Za-z0-9:@/._=,-]{0,59}$/.test(reason)) {
    throw new Problem('invalid', 'Write X-Reason as a code, such as escalation/<id>: it goes into the ledger, which holds no prose.', { errors: [{ pointer: 'header/X-Reason', message: 'Use letters, digits and :@/._=,- (at most 60).' }] });
  }
  return reason;
}

function keyOf(request: Request): string | undefined {
  const key = request.get('idempotency-key');
  if (key !== undefined && !/^[\x21-\x7e]{8,200}$/.test(key)) {
    throw new Problem('invalid', 'Write the Idempotency-Key as 8 to 200 printable characters, such as a UUID.', { errors: [{ pointer: 'header/Idempotency-Key', message: 'Use 8 to 200 printable characters.' }] });
  }
  return key;
}

/** Keyed: the body holds numbers and answers, and a bare digest of those can be guessed by whoever reads the table. */
function digestOf(requestKey: Uint8Array, request: Request): Buffer {
  return createHmac('sha256', requestKey).update(JSON.stringify([request.method, request.path, request.body ?? null])).digest();
}
