import { z } from 'zod';
import { pingDatabase } from '../../store/ping.ts';
import { openRoute } from '../route.ts';
import type { Route } from '../route.ts';

const tag = 'service';

/** For whoever runs the API. */
export const serviceRoutes: readonly Route[] = [
  openRoute({ method: 'get', path: '/healthz', tag, summary: 'The process is alive', answer: z.object({ alive: z.literal(true) }) }, () => Promise.resolve({ alive: true as const })),
  openRoute(
    {
      method: 'get', path: '/readyz', tag, summary: 'The process can serve: 200, else 503', description: 'The database is required. Temporal is reported only: with it down nothing is refused, and the worker pages staff for open alerts by itself.',
      answer: z.object({ ready: z.literal(true), database: z.literal('up'), temporal: z.enum(['up', 'down']) }), problems: ['unavailable'],
    },
    async ({ deps }) => {
      const [, temporal] = await Promise.all([pingDatabase(deps.sql), deps.temporalAnswers()]);
      return { ready: true as const, database: 'up' as const, temporal: temporal ? ('up' as const) : ('down' as const) };
    },
  ),
];
