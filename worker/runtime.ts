import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { LogLevel } from '@temporalio/worker';
import type { Logger } from '../config/logger.ts';

const levels: Readonly<Record<LogLevel, 'debug' | 'info' | 'warn' | 'error'>> = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' };

/**
 * Gives the SDK our logger and a metrics exporter on a loopback port of its own, once per process and before any worker.
 * Answers with the exporter's address. Signals are ours to handle: the sweeper and the pools must end after the workers.
 */
export async function installRuntime(logger: Logger): Promise<{ metricsUrl: string }> {
  const port = await freeLoopbackPort();
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => logger[levels[level]]({ sdk: meta ?? {} }, message)),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      metrics: { prometheus: { bindAddress: `127.0.0.1:${port}` } },
    },
    shutdownSignals: [],
  });
  return { metricsUrl: `http://127.0.0.1:${port}/metrics` };
}

async function freeLoopbackPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
