import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openApiText } from './openapi-text.ts';

/** `node scripts/run.mjs api/openapi-cli.ts` writes docs/openapi.json; a test compares the file with the routes. */
await writeFile(fileURLToPath(new URL('../docs/openapi.json', import.meta.url)), openApiText());
