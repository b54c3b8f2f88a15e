import type { PayloadCodec } from '@temporalio/common';

export * from '../../../temporal/codec.ts';

/** A codec that seals nothing. */
export function createPayloadCodec(): PayloadCodec {
  return { encode: (payloads) => Promise.resolve(payloads), decode: (payloads) => Promise.resolve(payloads) };
}
