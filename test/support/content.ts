import path from 'node:path';
import { loadContent } from '../../store/content.ts';
import type { Content } from '../../store/content.ts';

let loaded: Content | undefined;

/** What `templates/` holds, read once a process: reading takes half a second, and dozens of test files want it. Nobody may change it. */
export function shippedContent(): Content {
  loaded ??= loadContent(path.resolve(import.meta.dirname, '../../templates'));
  return loaded;
}
