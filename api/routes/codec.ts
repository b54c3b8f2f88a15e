import type { Payload } from '@temporalio/common';
import { z } from 'zod';
import { isSealedPayload } from '../../temporal/codec.ts';
import { codecPath } from '../codec-cors.ts';
import { invalidField } from '../problem.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';

const base64 = z.base64('Write base64.');
const payload = z.object({ metadata: z.record(z.string(), base64).optional(), data: base64.optional() }).meta({ id: 'Payload' });
const payloads = z.object({ payloads: z.array(payload).max(1000) });

export const codecRoutes: readonly Route[] = [
  route(
    ['engineer'],
    {
      method: 'post', path: `${codecPath}/decode`, tag: 'codec', summary: 'Codec server of the Temporal UI: opens payloads', description: 'Each decode is in the ledger before its answer. Histories hold ids and codes only.', keyed: false,
      body: payloads, limitBytes: 4 * 1024 * 1024, answer: payloads, problems: ['too-large'],
    },
    async ({ deps, body, note }) => {
      await note({ action: 'decode-history', verdict: 'allowed', detail: `payloads=${body.payloads.length}` });
      return { payloads: await Promise.all(body.payloads.map((each, index) => decoded(each, index, (sealed) => deps.codec.decode([sealed])))) };
    },
  ),
];

async function decoded(given: z.output<typeof payload>, index: number, open: (sealed: Payload) => Promise<Payload[]>): Promise<z.input<typeof payload>> {
  const sealed: Payload = { metadata: Object.fromEntries(Object.entries(given.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')])), data: Buffer.from(given.data ?? '', 'base64') };
  if (!isSealedPayload(sealed)) return given;
  const [opened] = await open(sealed).catch(() => []);
  if (opened === undefined) throw invalidField(`/payloads/${index}`, 'This payload does not open: it was changed, or its key is not configured any more.');
  return {
    metadata: Object.fromEntries(Object.entries(opened.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')])),
    data: Buffer.from(opened.data ?? new Uint8Array()).toString('base64'),
  };
}
