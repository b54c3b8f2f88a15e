import { ensureNode, ensurePackages } from './ensure-packages.mjs';

/** `npm run bench`: brings the packages along, then measures. Must not be run beside other work: it shares the processors. */
ensureNode();
ensurePackages();
process.argv.splice(2, 0, 'bench/main.ts');
await import('./run.mjs');
