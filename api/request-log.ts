import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { pinoHttp } from 'pino-http';
import type { HttpLogger } from 'pino-http';
import { z } from 'zod';
import type { Logger } from '../config/logger.ts';

const idsSchema = z.object({ route: z.string().optional(), actorId: z.string().optional(), enrolmentId: z.string().optional(), workflowId: z.string().optional() });

/** What a request was answered with; 499, as proxies write it, when its caller went away before. */
export function answeredWith(response: ServerResponse): number {
  return response.headersSent ? response.statusCode : 499;
}

/**
 * One line a request: method, route template, status, time, and the ids of request, person, enrolment and workflow. No URL, header or body:
 * what a caller writes there by mistake never reaches a log.
 */
export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    genReqId: (request, response) => {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(given) ? given : randomUUID();
      response.setHeader('X-Request-Id', id);
      return id;
    },
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'requestId', responseTime: 'durationMs' },
    wrapSerializers: false,
    serializers: { req: () => undefined, res: () => undefined },
    customProps: (request, response) => {
      // Asked once at the begin too, when none of this is known.
      if (!response.headersSent && !response.destroyed) return {};
      const ids = idsSchema.safeParse('locals' in response ? response.locals : {}).data ?? {};
      return { method: request.method, status: answeredWith(response), ...ids };
    },
    customLogLevel: (_request, response, error) => (error !== undefined || response.statusCode >= 500 ? 'error' : 'info'),
    customSuccessMessage: (_request, response) => (response.headersSent ? 'request answered' : 'the caller went away before the answer'),
    customErrorMessage: () => 'request failed',
    autoLogging: { ignore: (request) => request.url === '/healthz' || request.url === '/readyz' },
  });
}
