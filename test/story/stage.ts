import { randomBytes, randomUUID } from 'node:crypto';
import { createApp } from '../../api/app.ts';
import { requestKeyFrom } from '../../api/deps.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { createApiMetrics } from '../../api/metrics.ts';
import { createPendingWork } from '../../api/pending.ts';
import { createLooker } from '../../api/looker.ts';
import { createPlanReader } from '../../api/plan-reader.ts';
import { createRehearser } from '../../api/rehearser.ts';
import { serve } from '../../api/serve.ts';
import { createGate } from '../../store/gate.ts';
import type { ThreadToPoke } from '../../store/threads.ts';
import { createPayloadCodec } from '../../temporal/codec.ts';
import { shippedContent } from '../support/content.ts';
import { createCareWorld } from '../support/care-world.ts';
import type { CareWorld } from '../support/care-world.ts';
import { hash } from '../support/gate-world.ts';
import { askAt } from '../api/world.ts';
import type { Reply } from '../api/world.ts';

export const rotas = ['on-call-1', 'on-call-2', 'supervisor', 'nurse'] as const;

/** The product with one person on each rota, its API by real HTTP, and a coordinator; its business clock is the test's, or `Date`, which the test sets. */
export interface Stage {
  world: CareWorld;
  /** As the coordinator. */
  ask(method: string, url: string, json?: Record<string, unknown>): Promise<Reply>;
  /** Rota by its one person's number. */
  rotaOf: ReadonlyMap<string, string>;
  /** Where pokes go, of the run that is under way. */
  onPoke(poke: (threads: readonly ThreadToPoke[]) => Promise<number>): void;
  pending: ApiDeps['pending'];
  close(): Promise<void>;
}

export async function openStage(clock = (): Date => new Date()): Promise<Stage> {
  const world = await createCareWorld();
  let poke: (threads: readonly ThreadToPoke[]) => Promise<number> = () => Promise.resolve(0);
  world.deps.poker = { poke: (threads) => poke(threads) };
  world.inbound.poker = world.deps.poker;
  world.deps.clock = clock;
  world.inbound.clock = world.deps.clock;
  // Nobody seals the ledger here, and months go by in it.
  await world.root`update gate.setting set value = 1000000 where name = 'ledger-behind-seconds'`;
  const rotaOf = new Map<string, string>();
  for (const rota of rotas) rotaOf.set((await world.onRota(rota)).phone.number, rota);
  const token = await coordinatorOf(world);
  const { hospitalName: hospital, emergencyNumber, readHours } = world.inbound.settings;
  const said = { hospital, emergencyNumber, readHours };
  const pending = createPendingWork();
  const deps: ApiDeps = {
    sql: world.api, gate: createGate(world.api), vault: world.vault, content: shippedContent(), poker: world.deps.poker, codec: createPayloadCodec([{ id: 'test-key', bytes: randomBytes(32) }]), requestKey: requestKeyFrom(randomBytes(32)),
    clock, logger: world.deps.logger, pending, temporalAnswers: () => Promise.resolve(false), planReader: createPlanReader(shippedContent(), { timeLimitMs: 60_000, atOnce: 1 }), rehearser: createRehearser({ ...shippedContent(), ...said }, { timeLimitMs: 60_000, atOnce: 1 }), looker: createLooker(world.workerUrl, { timeLimitMs: 60_000, atOnce: 1 }, world.deps.logger),
    settings: { temporalUiOrigin: undefined, secureCookie: false, requestsPerMinute: 1_000_000, anonymousRequestsPerMinute: 1_000_000, trustedProxies: 0 },
  };
  const server = await serve(createApp(deps, createApiMetrics()), '127.0.0.1', 0);
  return {
    world, rotaOf, pending,
    ask: (method, url, json) => askAt(`http://127.0.0.1:${server.port}`, method, url, { token, ...(json === undefined ? {} : { json }) }),
    onPoke(next) {
      poke = next;
    },
    async close() {
      await server.stop(1_000);
      await pending.settled();
      await Promise.all([deps.planReader.close(), deps.rehearser.close(), deps.looker.close()]);
      await world.close();
    },
  };
}

async function coordinatorOf({ root }: CareWorld): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  const [row] = await root<{ personId: string }[]>`insert into auth.person (login, display_name, roles, departments, language, active) values (${randomUUID()}, 'Coordinator Example', ${['coordinator', 'clinician']}, ${['surgery']}, 'en', true) returning person_id as "personId"`;
  await root`insert into auth.session (token_hash, person_id, expires_at) values (${hash(token)}, ${row?.personId ?? ''}, clock_timestamp() + interval '12 hours')`;
  return token;
}
