import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { createPayloadCodec } from './codec.ts';
import type { CodecKey } from './codec.ts';

/** Where the failure converter lies: `.ts` beside this file from sources, `.js` in `dist`. Client, worker and bundler load it by path. */
export const failureConverterPath = fileURLToPath(new URL(`./failure-converter${extname(fileURLToPath(import.meta.url))}`, import.meta.url));

/** What client, worker, bundler and replay must all use alike: sealed payloads, and errors whose text travels inside one. */
export function createDataConverter(keys: readonly [CodecKey, ...CodecKey[]]): DataConverter {
  return { payloadCodecs: [createPayloadCodec(keys)], failureConverterPath };
}
