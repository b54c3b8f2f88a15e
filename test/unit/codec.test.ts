import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import { decodeOptionalFailureToOptionalError, encodeErrorToFailure } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/data-converter-helpers.js';
import proto from '@temporalio/proto';
import { bundleWorkflowCode } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { createPayloadCodec, isSealedPayload, PayloadCodecError } from '../../temporal/codec.ts';
import type { CodecKey } from '../../temporal/codec.ts';
import { createDataConverter, failureConverterPath } from '../../temporal/data-converter.ts';

const PayloadMessage = proto.temporal.api.common.v1.Payload;
const secret = 'wound is weeping, canary 7731';
const keyOf = (id: string): CodecKey => ({ id, bytes: randomBytes(32) });
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);

async function only(payloads: Promise<Payload[]>): Promise<Payload> {
  const [payload] = await payloads;
  if (payload === undefined) throw new Error('The codec returned no payload.');
  return payload;
}

/** Every byte of a payload, metadata too, as one searchable text. */
function bytesOf(payload: Payload): string {
  return Buffer.concat([...Object.values(payload.metadata ?? {}), payload.data ?? new Uint8Array()]).toString('latin1');
}

describe('the payload codec', () => {
  it.each([[{ note: secret, list: [1, 2] }], ['纯文本'], [null], [undefined], [new Uint8Array([0, 1, 255])], ['x'.repeat(100_000)]])('gives back what was sealed (%#)', async (value) => {
    const codec = createPayloadCodec([keyOf('a')]);

    const opened = await only(codec.decode([await only(codec.encode([payloadOf(value)]))]));

    expect(defaultPayloadConverter.fromPayload(opened)).toEqual(value);
  });

  it('leaves nothing readable, and compresses before it encrypts', async () => {
    const codec = createPayloadCodec([keyOf('a')]);

    const sealed = await only(codec.encode([payloadOf({ note: secret.repeat(100) })]));

    expect(bytesOf(sealed)).not.toContain('canary');
    expect(bytesOf(sealed)).not.toContain('json/plain');
    expect(sealed.data?.length).toBeLessThan(secret.length * 10);
    expect(isSealedPayload(sealed)).toBe(true);
  });

  it('gives back a text of any length, and takes no more place for it than with the largest window', async () => {
    const codec = createPayloadCodec([keyOf('a')]);
    const lengths = [0, 1, 255, 256, 511, 512, 513, 1_023, 1_025, 4_097, 32_767, 32_769, 70_000];
    const texts = lengths.map((length) => randomBytes(length).toString('base64').slice(0, length));

    const sealed = await codec.encode(texts.map(payloadOf));
    const opened = await codec.decode(sealed);

    expect(opened.map((payload) => defaultPayloadConverter.fromPayload(payload))).toEqual(texts);
    // Format, salt, nonce and tag beside it.
    const usual = texts.map((text) => 45 + deflateRawSync(PayloadMessage.encode(payloadOf(text)).finish()).length);
    expect(sealed.filter(({ data }, index) => (data?.length ?? 0) > 1.01 * (usual[index] ?? 0))).toEqual([]);
  });

  it('never gives the same bytes twice', async () => {
    const codec = createPayloadCodec([keyOf('a')]);

    const [one, two] = await codec.encode([payloadOf(secret), payloadOf(secret)]);

    expect(one?.data).not.toEqual(two?.data);
  });

  it('opens what an older key sealed, and seals under the newest', async () => {
    const [older, newer] = [keyOf('2025'), keyOf('2026')];
    const before = await only(createPayloadCodec([older]).encode([payloadOf(secret)]));
    const rotated = createPayloadCodec([newer, older]);

    const opened = await only(rotated.decode([before]));
    const after = await only(rotated.encode([payloadOf(secret)]));

    expect(defaultPayloadConverter.fromPayload(opened)).toBe(secret);
    expect(Buffer.from(after.metadata?.['key-id'] ?? []).toString()).toBe('2026');
  });

  it('refuses a payload with any byte changed, or cut short', async () => {
    const codec = createPayloadCodec([keyOf('a')]);
    const sealed = await only(codec.encode([payloadOf(secret)]));
    const data = sealed.data ?? new Uint8Array();

    for (let index = 0; index < data.length; index += 1) {
      const changed = Uint8Array.from(data, (byte, at) => (at === index ? byte ^ 1 : byte));
      await expect(codec.decode([{ ...sealed, data: changed }])).rejects.toMatchObject({ code: 'tampered' });
    }
    await expect(codec.decode([{ ...sealed, data: data.subarray(0, 20) }])).rejects.toMatchObject({ code: 'tampered' });
    await expect(codec.decode([{ metadata: sealed.metadata ?? {} }])).rejects.toMatchObject({ code: 'tampered' });
  });

  it('refuses a payload moved under another key id', async () => {
    const shared = randomBytes(32);
    const codec = createPayloadCodec([{ id: 'a', bytes: shared }, { id: 'b', bytes: Buffer.from(shared) }]);
    const sealed = await only(codec.encode([payloadOf(secret)]));

    const moved = codec.decode([{ ...sealed, metadata: { ...sealed.metadata, 'key-id': Buffer.from('b') } }]);

    await expect(moved).rejects.toMatchObject({ code: 'tampered' });
  });

  it('refuses keys it does not have, encodings it does not know, and plain payloads', async () => {
    const codec = createPayloadCodec([keyOf('a')]);
    const foreign = await only(createPayloadCodec([keyOf('elsewhere')]).encode([payloadOf(secret)]));
    const sealed = await only(codec.encode([payloadOf(secret)]));

    await expect(codec.decode([foreign])).rejects.toMatchObject({ code: 'unknown-key' });
    await expect(codec.decode([payloadOf(secret)])).rejects.toMatchObject({ code: 'unknown-encoding' });
    await expect(codec.encode([sealed])).rejects.toMatchObject({ code: 'unknown-encoding' });
    await expect(codec.encode([{ data: Buffer.from(secret) }])).rejects.toBeInstanceOf(PayloadCodecError);
    await expect(codec.decode([payloadOf(secret)])).rejects.not.toThrow(secret);
  });

  it('refuses weak and doubled keys at the start', () => {
    expect(() => createPayloadCodec([{ id: 'short', bytes: randomBytes(16) }])).toThrow('32');
    expect(() => createPayloadCodec([keyOf('a'), keyOf('a')])).toThrow('same id');
  });
});

describe('the data converter', () => {
  it('seals the message and the stack of an error', async () => {
    const converter = loadDataConverter(createDataConverter([keyOf('a')]));

    const failure = await encodeErrorToFailure(converter, ApplicationFailure.create({ message: secret, type: 'Known', details: [secret] }));
    const back = await decodeOptionalFailureToOptionalError(converter, failure);

    expect(JSON.stringify(failure)).not.toContain('canary');
    expect(failure.message).toBe('Encoded failure');
    expect(back?.message).toBe(secret);
  });

  it('puts the failure converter into the workflow bundle', async () => {
    const { code } = await bundleWorkflowCode({ workflowsPath: failureConverterPath, failureConverterPath, logger: silent });

    expect(code).toMatch(/encodeCommonAttributes:\s*true/);
  });
});

const quiet = (): void => undefined;
const silent = { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };
