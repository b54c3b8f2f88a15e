import { ensureNode, ensurePackages } from './ensure-packages.mjs';

/** `npm run demo`: brings the packages along, then the showcase. */
ensureNode();
ensurePackages();
process.argv.splice(2, 0, 'sandbox/demo.ts');
await import('./run.mjs');
