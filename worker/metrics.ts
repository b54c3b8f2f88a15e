import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Health } from '../store/health.ts';

export interface MetricsOptions {
  host: string;
  port: number;
  /** Rejects when the database takes longer. */
  readHealth: (withinMs: number) => Promise<Health>;
  /** The SDK's own exporter; its metrics are served along. */
  sdkMetricsUrl: string;
  /** For tests. */
  healthWithinMs?: number;
}

/** Half of the 10 s after which Prometheus gives a scrape up by default: what a hung database leaves unknown is so told, and with it all that is known without one. */
const defaultHealthWithinMs = 5_000;
const sdkWithinMs = 2_000;

export interface MetricsServer {
  /** The port that was given, or the free one that was found for 0. */
  port: number;
  close(): Promise<void>;
}

const meanings: Readonly<Record<keyof Health, readonly [name: string, help: string]>> = {
  lateTouchpoints: ['carethread_touchpoints_late', 'Touchpoints over five minutes past their next moment, without an outcome.'],
  heldAttempts: ['carethread_attempts_held', 'Contacts held until later.'],
  unknownAttempts: ['carethread_attempts_unknown', 'Contacts of unknown outcome.'],
  unacknowledgedEscalations: ['carethread_escalations_unacknowledged', 'Open escalations that nobody has acknowledged.'],
  stoodInEscalations: ['carethread_escalations_stood_in', 'Alerts that the standby pages for, because Temporal does not run their thread.'],
  unheardRows: ['carethread_inbox_unheard', 'Inbox rows that no thread has heard.'],
  unmannedRotas: ['carethread_rotas_unmanned', 'Rotas that plans page and on which nobody can be paged, or which do not exist.'],
  oldestUnheardSeconds: ['carethread_inbox_oldest_seconds', 'Age of the oldest inbox row that no thread has heard.'],
  unsealedEvents: ['carethread_ledger_pending', 'Audit events that are not sealed into the ledger yet.'],
  ledgerLagSeconds: ['carethread_ledger_lag_seconds', 'Age of the oldest audit event that is not sealed; routine access stops at 300, unless set otherwise.'],
};

/** What a scrape is answered with. */
export interface WorkerMetrics {
  contentType: string;
  /** Reads the product's gauges, all in one, and only then writes the page: a gauge tells what holds at the scrape that asks, the first one too. */
  scrape(): Promise<string>;
}

/** When the database cannot be read in time, `carethread_health_unreadable` is 1 and the product's gauges are left out: an old value, or a 0, would say that all is well. */
function createWorkerMetrics(readHealth: MetricsOptions['readHealth'], withinMs: number): WorkerMetrics {
  const registry = new Registry();
  // In ms. By default a timer of 10 looks after the event loop, which costs an idle process 6 ms of CPU a second; delays that matter are longer.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });
  const gauges = Object.entries(meanings).map(([field, [name, help]]) => ({ field: field as keyof Health, gauge: new Gauge({ name, help, registers: [registry] }) }));
  const unreadable = new Gauge({ name: 'carethread_health_unreadable', help: '1 when the database did not answer in time, so that the gauges of what it holds are left out.', registers: [registry] });
  const took = new Gauge({ name: 'carethread_health_read_seconds', help: 'How long this scrape waited for the database.', registers: [registry] });
  const read = oneAtATime(readHealth, withinMs);
  return {
    contentType: registry.contentType,
    async scrape() {
      const startedAt = performance.now();
      const health = await read();
      for (const { field, gauge } of gauges) {
        if (health === null) gauge.remove();
        else gauge.set(health[field]);
      }
      unreadable.set(health === null ? 1 : 0);
      took.set((performance.now() - startedAt) / 1_000);
      // Read in the same turn of the event loop in which they were set: no other scrape comes between.
      return registry.metrics();
    },
  };
}

/**
 * Null when it fails or takes too long. While a look that took too long still hangs (a connection that is cut and does not know it), no other is begun: each would hold one more of the
 * connections that contacts need.
 */
function oneAtATime(readHealth: MetricsOptions['readHealth'], withinMs: number): () => Promise<Health | null> {
  let overdue = 0;
  return async () => {
    if (overdue > 0) return null;
    const isOver = new AbortController();
    let isLate = false;
    const reading = readHealth(withinMs).catch(() => null).finally(() => {
      isOver.abort();
      if (isLate) overdue -= 1;
    });
    const late = delay(withinMs, null, { signal: isOver.signal }).then(() => {
      isLate = true;
      overdue += 1;
      return null;
    }, () => reading);
    return Promise.race([reading, late]);
  };
}

/** Serves /metrics (ours and the SDK's together) and /healthz. Rejects when the port is taken. */
export async function serveMetrics({ host, port, readHealth, sdkMetricsUrl, healthWithinMs = defaultHealthWithinMs }: MetricsOptions): Promise<MetricsServer> {
  const metrics = createWorkerMetrics(readHealth, healthWithinMs);
  const sdkMetrics = (): Promise<string> => fetch(sdkMetricsUrl, { signal: AbortSignal.timeout(sdkWithinMs) }).then((response) => response.text()).catch(() => '');
  const server = createServer((request, response) => {
    if (request.url === '/healthz') response.writeHead(200).end('alive');
    else if (request.method !== 'GET' || request.url !== '/metrics') response.writeHead(404).end();
    else {
      Promise.all([metrics.scrape(), sdkMetrics()]).then(
        ([ours, theirs]) => response.writeHead(200, { 'content-type': metrics.contentType }).end(`${ours}\n${theirs}`),
        () => response.writeHead(500).end(),
      );
    }
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
