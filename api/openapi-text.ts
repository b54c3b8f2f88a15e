import { authOperations } from './auth-document.ts';
import { openApiDocument } from './openapi.ts';
import type { OpenApiDocument } from './openapi.ts';
import { allRoutes } from './routes/index.ts';
import { webhookOperations } from './webhooks/document.ts';

/** Everything that a client, the provider or a mail program calls, of both processes. */
export function apiDocument(): OpenApiDocument {
  return openApiDocument(allRoutes, [...webhookOperations, ...authOperations]);
}

/** The document as it stands in docs/openapi.json. */
export function openApiText(): string {
  return `${JSON.stringify(apiDocument(), null, 2)}\n`;
}
