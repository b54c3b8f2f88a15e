import { randomBytes } from 'node:crypto';
import { createApp } from '../api/app.ts';
import { requestKeyFrom } from '../api/deps.ts';
import { createLooker } from '../api/looker.ts';
import { createApiMetrics } from '../api/metrics.ts';
import { createPendingWork } from '../api/pending.ts';
import { createPlanReader } from '../api/plan-reader.ts';
import { createRehearser } from '../api/rehearser.ts';
import { serve } from '../api/serve.ts';
import { createLogger } from '../config/logger.ts';
import type { Sql } from '../store/connect.ts';
import type { Content } from '../store/content.ts';
import { createGate } from '../store/gate.ts';
import type { Vault } from '../store/vault/index.ts';
import { createPayloadCodec } from '../temporal/codec.ts';

/** What one look said of itself in the log. */
export interface SaidOfLook {
  readMs: number;
  decideMs: number;
}

export interface ApiSide {
  origin: string;
  /** Of the looks so far, the last. */
  lastLook(): SaidOfLook | null;
  close(): Promise<void>;
}

/** The API as it serves, in this process, without Temporal: a bench of what needs none. */
export async function openApiSide({ sql, vault, content, databaseUrl }: { sql: Sql; vault: Vault; content: Content; databaseUrl: string }): Promise<ApiSide> {
  let last: SaidOfLook | null = null;
  const logger = createLogger({
    process: 'api', level: 'info',
    destination: {
      write(line: string) {
        const said = JSON.parse(line) as Partial<SaidOfLook>;
        if (said.readMs !== undefined && said.decideMs !== undefined) last = { readMs: said.readMs, decideMs: said.decideMs };
      },
    },
  });
  const limits = { timeLimitMs: 300_000, atOnce: 1 };
  const said = { hospital: 'Example Hospital', emergencyNumber: '911', readHours: '08:00-18:00' };
  const [looker, planReader, rehearser, pending] = [createLooker(databaseUrl, limits, logger), createPlanReader(content, limits), createRehearser({ ...content, ...said }, limits), createPendingWork()];
  const app = createApp(
    {
      sql, gate: createGate(sql), vault, content, looker, planReader, rehearser, pending, logger, poker: { poke: () => Promise.resolve(0) }, codec: createPayloadCodec([{ id: 'bench', bytes: randomBytes(32) }]),
      requestKey: requestKeyFrom(randomBytes(32)), clock: () => new Date(), temporalAnswers: () => Promise.resolve(false),
      settings: { temporalUiOrigin: undefined, secureCookie: false, requestsPerMinute: 1_000_000, anonymousRequestsPerMinute: 1_000_000, trustedProxies: 0 },
    },
    createApiMetrics(),
  );
  const server = await serve(app, '127.0.0.1', 0);
  return {
    origin: `http://127.0.0.1:${server.port}`,
    lastLook: () => last,
    async close() {
      await server.stop(1_000);
      await pending.settled();
      await Promise.all([looker.close(), planReader.close(), rehearser.close()]);
    },
  };
}
