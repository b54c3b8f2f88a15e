import { writeFileSync } from 'node:fs';
import { configurationDocument } from './document.ts';

/** `node scripts/run.mjs config/document-main.ts`: writes docs/configuration.md anew. */
writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationDocument());
