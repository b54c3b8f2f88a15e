import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { LogLevel, Logger as SdkLogger } from '@temporalio/worker';
import type { Logger } from '../config/logger.ts';

const levels: Readonly<Record<LogLevel, 'debug' | 'info' | 'warn' | 'error'>> = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' };

/**
 * Gives the SDK our logger and a metrics exporter on a loopback port of its own, once per process and before any worker.
 * Answers with the exporter's address. Signals are ours to handle: the sweeper and the pools must end after the workers.
 */
export async function installRuntime(logger: Logger): Promise<{ metricsUrl: string }> {
  const port = await freeLoopbackPort();
  const runtime = Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => logger[levels[level]]({ sdk: meta ?? {} }, message)),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) },
      metrics: { prometheus: { bindAddress: `127.0.0.1:${port}` } },
    },
    shutdownSignals: [],
  });
  leaveOutDetail(runtime.logger);
  return { metricsUrl: `http://127.0.0.1:${port}/metrics` };
}

/**
 * The SDK holds every line for 100 ms, to put its own and its native part's in order, and looks at the level only after that:
 * eighteen lines a contact, each with the task that it tells of, were put in order only to be dropped.
 */
export function leaveOutDetail(log: SdkLogger): void {
  const unheard = (): void => undefined;
  Object.assign(log, { trace: unheard, debug: unheard });
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
