import { z } from 'zod';
import { apiDocument } from '../openapi-text.ts';
import { documentPage } from '../docs-page.ts';
import { openRoute } from '../route.ts';
import type { Route } from '../route.ts';

const tag = 'documentation';

/** Anybody may ask, and each making takes the event loop a tenth of a second, in which no patient's call is answered. */
function madeOnce<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}

/** The list that these show holds these too, so it is read when they are asked first, not when this file loads. */
const document = madeOnce(apiDocument);
const page = madeOnce(() => documentPage(document()));

export const documentRoutes: readonly Route[] = [
  openRoute({ method: 'get', path: '/v1/openapi.json', tag, summary: 'This API as OpenAPI 3.1', answer: z.record(z.string(), z.unknown()) }, () => Promise.resolve({ ...document() })),
  openRoute({ method: 'get', path: '/docs', tag, summary: 'This API as a page to read', answer: z.string(), answerType: 'text/html' }, () => Promise.resolve(page())),
];
