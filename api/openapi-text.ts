import { openApiDocument } from './openapi.ts';
import { allRoutes } from './routes/index.ts';

/** The document as it stands in docs/openapi.json. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(allRoutes), null, 2)}\n`;
}
