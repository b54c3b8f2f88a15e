import path from 'node:path';
import { bundle as bundleWell } from '../../../scripts/bundle.mjs';

const doubles = { where: path.resolve(import.meta.dirname), of: new Map([['temporal/codec.ts', 'codec.ts'], ['store/vault/seal.ts', 'seal.ts']]) };

/** Every program of ours with the modules that seal nothing in the places of those that do. */
export const bundle = (file) => bundleWell(file, doubles);
