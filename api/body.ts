import express from 'express';
import type { Request, RequestHandler } from 'express';
import { Problem } from './problem.ts';
import type { Route } from './route.ts';

/** Reads the body as the route wants it, within its limit; what cannot be read ends as a problem in words (see errors.ts). */
export function bodyReader(route: Route): RequestHandler[] {
  if (route.body === null) return [];
  const types = route.textTypes.length > 0 ? [...route.textTypes] : ['application/json'];
  const checkType: RequestHandler = (request, _response, next) => {
    if (hasBody(request) && request.is(types) === false) throw new Problem('wrong-media-type', `Send the body as ${types.join(' or ')}.`);
    next();
  };
  const read = route.textTypes.length > 0 || route.parsesItself ? express.text({ type: types, limit: route.limitBytes }) : express.json({ limit: route.limitBytes, strict: true });
  return [checkType, read];
}

function hasBody(request: Request): boolean {
  return request.get('transfer-encoding') !== undefined || Number(request.get('content-length') ?? 0) > 0;
}
