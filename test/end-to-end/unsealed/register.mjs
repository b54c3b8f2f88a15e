import { register } from 'node:module';

/**
 * Given to the product's processes by `unsealed.test.ts` alone (NODE_OPTIONS): there is no such switch in the product. Plain JavaScript, because it runs before
 * TypeScript can be loaded.
 */
register('./resolve.mjs', import.meta.url);
