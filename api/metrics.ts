import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { RequestHandler } from 'express';
import { Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { answeredWith } from './request-log.ts';

export interface ApiMetrics {
  registry: Registry;
  /** Measures each request by the template of its route, so that no id becomes a label. */
  middleware: RequestHandler;
}

export function createApiMetrics(): ApiMetrics {
  const registry = new Registry();
  // In ms. By default a timer of 10 looks after the event loop, which costs an idle process 6 ms of CPU a second; delays that matter are longer.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });
  const duration = new Histogram({ name: 'carethread_http_request_duration_seconds', help: 'Time from request to answer, by route template.', labelNames: ['method', 'route', 'status'], buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], registers: [registry] });
  return {
    registry,
    middleware: (request, response, next) => {
      const end = duration.startTimer();
      response.once('close', () => {
        const { route } = response.locals as { route?: unknown };
        end({ method: methodLabel(request.method), route: typeof route === 'string' ? route : 'none', status: String(answeredWith(response)) });
      });
      next();
    },
  };
}

/** Serves /metrics on a port of its own, which is not open to the world. */
export function createMetricsServer(registry: Registry): Server {
  return createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}

const methods = new Set(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']);

function methodLabel(method: string): string {
  return methods.has(method) ? method : 'other';
}
