import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiRequest, ApiResponse } from './http.ts';

const types: Record<string, string> = { html: 'text/html; charset=utf-8', css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' };

/** No inline script or style, nothing from elsewhere: a hostile text has nowhere to run. */
const headers = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** `/` and `/page/<file>`; undefined for any other path. */
export async function pageFile(request: ApiRequest): Promise<ApiResponse | undefined> {
  const name = request.path === '/' ? 'index.html' : /^\/page\/([a-z-]+\.(?:css|js|svg))$/.exec(request.path)?.[1];
  if (request.method !== 'GET' || name === undefined) return undefined;
  try {
    const bytes = await readFile(join(import.meta.dirname, 'page', name));
    return { status: 200, bytes, headers: { ...headers, 'content-type': types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream' } };
  } catch {
    return undefined;
  }
}
