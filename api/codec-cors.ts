import type { RequestHandler } from 'express';

/** Where the codec server is, for the Temporal UI: it appends `/decode`. */
export const codecPath = '/v1/codec';

/** Lets the pages of one origin, the Temporal UI's, ask the codec server; every other page is refused by its own browser. */
export function codecCors(uiOrigin: string | undefined): RequestHandler {
  return (request, response, next) => {
    response.vary('Origin');
    const isUi = uiOrigin !== undefined && request.get('origin') === uiOrigin;
    if (isUi) {
      response.setHeader('Access-Control-Allow-Origin', uiOrigin);
      response.setHeader('Access-Control-Allow-Credentials', 'true');
      response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    }
    if (request.method !== 'OPTIONS') {
      next();
      return;
    }
    if (isUi) {
      response.setHeader('Access-Control-Allow-Methods', 'POST');
      response.setHeader('Access-Control-Allow-Headers', 'authorization, content-type, x-namespace');
      response.setHeader('Access-Control-Max-Age', '600');
    }
    response.status(204).end();
  };
}
