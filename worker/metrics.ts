import { once } from 'node:events';
import { createServer } from 'node:http';
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
};

/** A registry whose product gauges are read from the database when they are asked for; 1 in `carethread_health_unreadable` when it cannot be. */
export function createWorkerRegistry(readHealth: () => Promise<Health>): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauges = Object.entries(meanings).map(([field, [name, help]]) => ({ field: field as keyof Health, gauge: new Gauge({ name, help, registers: [registry] }) }));
  new Gauge({
    name: 'carethread_health_unreadable',
    help: '1 when the database did not answer, so that the other gauges are old.',
    registers: [registry],
    async collect() {
      try {
        const health = await readHealth();
        for (const { field, gauge } of gauges) gauge.set(health[field]);
        this.set(0);
      } catch {
        this.set(1);
      }
    },
  });
  return registry;
}

/** Serves /metrics (ours and the SDK's together) and /healthz. Rejects when the port is taken. */
export async function serveMetrics({ host, port, readHealth, sdkMetricsUrl }: MetricsOptions): Promise<MetricsServer> {
  const registry = createWorkerRegistry(readHealth);
  const sdkMetrics = (): Promise<string> => fetch(sdkMetricsUrl, { signal: AbortSignal.timeout(2_000) }).then((response) => response.text(), () => '');
  const server = createServer((request, response) => {
    if (request.url === '/healthz') response.writeHead(200).end('alive');
    else if (request.method !== 'GET' || request.url !== '/metrics') response.writeHead(404).end();
    else {
      Promise.all([registry.metrics(), sdkMetrics()]).then(
        ([ours, theirs]) => response.writeHead(200, { 'content-type': registry.contentType }).end(`${ours}\n${theirs}`),
        () => response.writeHead(500).end(),
      );
    }
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
