import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Health } from '../store/health.ts';

export interface MetricsOptions {
  host: string;
  port: number;
  readHealth: () => Promise<Health>;
  /** The SDK's own exporter; its metrics are served along. */
  sdkMetricsUrl: string;
}

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

/** When the database cannot be read, `carethread_health_unreadable` is 1 and the product's gauges are left out: an old value, or a 0, would say that all is well. */
function createWorkerMetrics(readHealth: () => Promise<Health>): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauges = Object.entries(meanings).map(([field, [name, help]]) => ({ field: field as keyof Health, gauge: new Gauge({ name, help, registers: [registry] }) }));
  const unreadable = new Gauge({ name: 'carethread_health_unreadable', help: '1 when the database did not answer, so that the gauges of what it holds are left out.', registers: [registry] });
  return {
    contentType: registry.contentType,
    async scrape() {
      const health = await readHealth().catch(() => null);
      for (const { field, gauge } of gauges) {
        if (health === null) gauge.remove();
        else gauge.set(health[field]);
      }
      unreadable.set(health === null ? 1 : 0);
      // Read in the same turn of the event loop in which they were set: no other scrape comes between.
      return registry.metrics();
    },
  };
}

/** Serves /metrics (ours and the SDK's together) and /healthz. Rejects when the port is taken. */
export async function serveMetrics({ host, port, readHealth, sdkMetricsUrl }: MetricsOptions): Promise<MetricsServer> {
  const metrics = createWorkerMetrics(readHealth);
  const sdkMetrics = (): Promise<string> => fetch(sdkMetricsUrl, { signal: AbortSignal.timeout(2_000) }).then((response) => response.text(), () => '');
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
