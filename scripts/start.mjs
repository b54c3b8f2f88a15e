import { ensureNode, ensurePackages } from './ensure-packages.mjs';

/** `npm start`: brings the packages along, then the world. */
ensureNode();
ensurePackages();
process.argv.splice(2, 0, 'sandbox/start.ts');
await import('./run.mjs');
