import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { problemCodes, problemSchema } from './problem.ts';
import type { ProblemCode } from './problem.ts';
import type { Route } from './route.ts';

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

const statusOf = new Map(problemCodes.map(({ code, status }) => [code, status]));
const idempotencyKey = z.string().min(8).max(200).optional().meta({ description: 'The same key with the same request gives the same answer and changes nothing again. With another request: 422.' });
const xReason = z.string().max(60).optional().meta({ description: 'Why, as a code such as escalation/<id>; kept in the audit ledger.' });

/** An address that is no route of the API's list: it has a router of its own, which the document only tells of. */
export type OutsideOperation = Omit<RouteConfig, 'operationId' | 'tags'> & { tags: [string] };

/** The document of these routes, made from the schemas that parse their requests, and of what is served beside them. */
export function openApiDocument(routes: readonly Route[], outside: readonly OutsideOperation[]): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer', description: 'Token from POST /sign-in of the authentication process.' });
  registry.registerComponent('securitySchemes', 'cookie', { type: 'apiKey', in: 'cookie', name: 'carethread_session', description: 'From the sign-in page of the authentication process. By https its name begins with __Host-.' });
  registry.registerComponent('securitySchemes', 'provider', { type: 'apiKey', in: 'header', name: 'X-Twilio-Signature', description: 'The telephone provider signs the address, as PUBLIC_URL has it, and the form with its account\'s token.' });
  for (const route of routes) registry.registerPath(describe(route));
  for (const operation of outside) registry.registerPath({ ...operation, operationId: operationIdOf(operation) });
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Carethread API',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Automated patient follow-up. Errors are problem+json (RFC 9457) that name the field at fault. Patient data goes through the gate: each request for it is authorised for one purpose and is in the audit ledger before anything is given. Lists are paged by an opaque cursor.',
    },
  });
}

function describe(route: Route): RouteConfig {
  const headers = { ...(route.keyed && route.method === 'post' ? { 'Idempotency-Key': idempotencyKey } : {}), ...(route.access === 'open' ? {} : { 'X-Reason': xReason }) };
  const types = route.textTypes.length > 0 ? route.textTypes : ['application/json'];
  return {
    method: route.method,
    path: route.path,
    tags: [route.tag],
    summary: route.summary,
    operationId: operationIdOf(route),
    ...(describedAs(route) === '' ? {} : { description: describedAs(route) }),
    security: route.access === 'open' ? [] : [{ bearer: [] }, { cookie: [] }],
    request: {
      params: route.params,
      query: route.query,
      ...(Object.keys(headers).length === 0 ? {} : { headers: z.object(headers) }),
      ...(route.body === null ? {} : { body: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema: route.body ?? z.null() }])) } }),
    },
    responses: { [route.status]: { description: 'Done', content: { [route.answerType]: { schema: route.answer } } }, ...problemResponses(route) },
  };
}

function describedAs({ description, access }: Route): string {
  const roles = Array.isArray(access) ? `Roles: ${access.join(', ')}.` : access === 'signed-in' ? 'Who may: the gate decides by role, purpose and care team.' : '';
  return [description, roles].filter((part) => part !== '').join(' ');
}

function problemResponses(route: Route): RouteConfig['responses'] {
  const takes = route.body !== null || Object.keys(route.params.shape).length > 0 || Object.keys(route.query.shape).length > 0;
  const ofItsKind: ProblemCode[] = [
    ...(takes ? (['invalid'] as const) : []),
    ...(route.body === null ? [] : (['too-large', 'malformed-json', 'wrong-media-type'] as const)),
    // Whoever is asked for a session is looked up, and brings X-Reason.
    ...(route.access === 'open' ? [] : (['not-signed-in', 'refused', 'wrong-origin', 'invalid', 'unavailable'] as const)),
    // The gate's rights may end in the middle of a request.
    ...(route.access === 'signed-in' ? (['conflict'] as const) : []),
    ...(Array.isArray(route.access) ? (['wrong-role'] as const) : []),
    ...(route.keyed && route.method === 'post' ? (['key-reused', 'same-request-under-way'] as const) : []),
    'too-many-requests',
  ];
  return problemsOf([...ofItsKind, ...route.problems]);
}

/** The answers of these codes, by their statuses. */
export function problemsOf(problems: readonly ProblemCode[]): RouteConfig['responses'] {
  const byStatus = new Map<number, Set<string>>();
  for (const code of problems) {
    const status = statusOf.get(code) ?? 500;
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, { description: [...codes].sort().join(', '), content: { 'application/problem+json': { schema: problemSchema } } }]));
}

/** `post /v1/enrolments/{enrolmentId}/pause` is `postEnrolmentsByEnrolmentIdPause`. */
function operationIdOf({ method, path }: Pick<RouteConfig, 'method' | 'path'>): string {
  const parts = path.replace(/^\/v1\//, '/').split('/').filter((part) => part !== '').map((part) => (part.startsWith('{') ? `by-${part.slice(1, -1)}` : part));
  return [method, ...parts].join('-').replaceAll(/[-.]+(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
