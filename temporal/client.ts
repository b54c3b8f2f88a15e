import { Client, Connection, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { endableRetries } from './retries.ts';
import type { Patience } from './retries.ts';

/** Where Temporal is; part of the worker's and the API's configuration. */
export interface TemporalAddress {
  temporalAddress: string;
  temporalNamespace: string;
  temporalApiKey: string | undefined;
  /** Without a word: TLS exactly when there is an API key. */
  temporalTls: boolean | undefined;
}

export interface TemporalConnection {
  client: Client;
  close(): Promise<void>;
}

/** A first call while Temporal is down waits so long at most. */
const connectTimeoutMs = 2_000;

/**
 * How often an unreachable Temporal is tried again. gRPC itself would double its pauses up to two minutes, so that after a long outage
 * nobody would be paged for up to two minutes more, though Temporal is there.
 */
const reconnecting = { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': 2_000 };

/** Connects on first use, so that a process starts, and takes what it is told, while Temporal is down. */
export function connectTemporal(config: TemporalAddress, dataConverter: DataConverter, patience: Patience = 'process'): TemporalConnection {
  const retries = endableRetries(patience);
  const connection = Connection.lazy({ ...connectionOptions(config), connectTimeout: connectTimeoutMs, channelArgs: reconnecting, interceptors: [makeGrpcRetryInterceptor(retries.options)] });
  return {
    client: new Client({ connection, namespace: config.temporalNamespace, dataConverter }),
    close: async () => {
      // Closing while it still connects makes the SDK reject a promise that nobody holds, which would end the process.
      await connection.ensureConnected().catch(() => undefined);
      await retries.end();
      await connection.close();
    },
  };
}

/** Address, key and TLS in the form that both of the SDK's connections (client's and worker's) take. */
export function connectionOptions({ temporalAddress, temporalApiKey, temporalTls }: TemporalAddress): { address: string; tls: boolean; apiKey?: string } {
  return { address: temporalAddress, tls: temporalTls ?? temporalApiKey !== undefined, ...(temporalApiKey === undefined ? {} : { apiKey: temporalApiKey }) };
}
