import { EventEmitter, once } from 'node:events';
import { get } from 'node:http';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiMetrics } from '../../api/metrics.ts';
import { requestLog } from '../../api/request-log.ts';
import { serve } from '../../api/serve.ts';
import { createLogger } from '../../config/logger.ts';
import { createWorld, enrolled, person, registered } from './world.ts';
import type { World } from './world.ts';

let world: World;
let token: string;
beforeAll(async () => {
  world = await createWorld({ poker: { poke: () => Promise.resolve(0) } });
  token = (await world.signedIn(['coordinator'])).token;
});
afterAll(() => world.close());

describe('the log', () => {
  it('names request, person, enrolment and workflow, and nothing of the patient, whatever goes wrong', async () => {
    const canary = person({ name: 'Canary Person', mrn: 'CANARY-1', note: 'canary note', phones: [{ number: '+12025550177' }], emails: ['canary@example.org'] });
    const patientId = String((await world.ask('POST', '/v1/patients', { token, json: canary })).body['patientId']);
    const enrolmentId = await enrolled(world, token, patientId);
    await world.ask('POST', '/v1/patients', { token, json: canary });
    await world.ask('POST', '/v1/patients', { token, json: { ...canary, birthDate: 'canary' } });
    await world.ask('POST', '/v1/patients', { token, raw: '{"name":"Canary Person"', headers: { 'content-type': 'application/json' } });
    await world.ask('POST', '/v1/patients/search', { token, json: { kind: 'phone', value: '+12025550177' } });
    await world.ask('GET', '/v1/patients/canary@example.org?phone=+12025550177', { token, headers: { 'user-agent': 'canary', 'x-reason': 'Canary Person' } });
    await world.ask('GET', '/v1/session', { headers: { cookie: `carethread_session=${token}` } });
    const explained = await world.ask('GET', `/v1/enrolments/${enrolmentId}/explain`, { token });

    const log = world.logLines.join('');

    expect(log).not.toMatch(/canary|5550177|1950-02-03/i);
    expect(log).not.toContain(token);
    const line = JSON.parse(world.logLines.find((each) => each.includes('/explain')) ?? '{}') as Record<string, unknown>;
    expect(line).toMatchObject({ requestId: explained.headers.get('x-request-id'), route: '/v1/enrolments/{enrolmentId}/explain', method: 'GET', status: 200, enrolmentId, workflowId: `follow-up/${enrolmentId}` });
    expect(Object.keys(line).sort()).toEqual(['actorId', 'durationMs', 'enrolmentId', 'level', 'method', 'msg', 'process', 'requestId', 'route', 'status', 'time', 'workflowId']);
  });

  it('holds a failure of the database without its message, and the caller learns only what to do', async () => {
    const patientId = await registered(world, token);
    await world.superuser`alter table care.enrolment rename to enrolment_away`;
    try {
      const reply = await world.ask('GET', '/v1/enrolments', { token });
      const created = await world.ask('GET', `/v1/enrolments/${patientId}`, { token });

      expect([reply.status, created.status]).toEqual([500, 500]);
      expect(reply.text).not.toMatch(/enrolment_away|relation|select/);
      expect(world.logLines.join('')).not.toContain('does not exist');
      expect(world.logLines.join('')).toContain('42P01');
    } finally {
      await world.superuser`alter table care.enrolment_away rename to enrolment`;
    }
  });

  it('says of a request whose caller went away that it had no answer, and no measure counts it as a good one', async () => {
    const metrics = createApiMetrics();
    const app = express();
    const [line, begun] = [new EventEmitter(), new EventEmitter()];
    app.use(requestLog(createLogger({ process: 'api', level: 'info', destination: { write: (text: string) => void line.emit('line', text) } })), metrics.middleware);
    app.get('/slow', () => void begun.emit('begun'));
    const served = await serve(app, '127.0.0.1', 0);
    const [isBegun, isLogged] = [once(begun, 'begun'), once(line, 'line') as Promise<[string]>];
    const request = get({ port: served.port, host: '127.0.0.1', path: '/slow' }).on('error', () => undefined);

    await isBegun;
    request.destroy();
    const [logged] = await isLogged;

    expect(JSON.parse(logged)).toMatchObject({ method: 'GET', status: 499, msg: 'the caller went away before the answer' });
    expect(await metrics.registry.metrics()).toContain('status="499"} 1');
    await served.stop(0);
  });

  it('measures by route template, so that no id becomes a label', async () => {
    const patientId = await registered(world, token);
    await world.ask('GET', `/v1/patients/${patientId}`, { token });

    const text = await world.metrics.registry.metrics();

    expect(text).toContain('route="/v1/patients/{patientId}"');
    expect(text).not.toContain(patientId);
  });
});

describe('with Temporal down', () => {
  it('takes everything, and says so at readiness', async () => {
    const patientId = await registered(world, token);
    const enrolmentId = await enrolled(world, token, patientId);

    const paused = await world.ask('POST', `/v1/enrolments/${enrolmentId}/pause`, { token, json: { reason: 'holiday' } });
    const ready = await world.ask('GET', '/readyz');

    expect(paused.status).toBe(202);
    expect(ready.body).toEqual({ ready: true, database: 'up', temporal: 'down' });
    expect((await world.superuser`select 1 from care.inbox where workflow_id = ${`follow-up/${enrolmentId}`} and applied_at is null`).count).toBe(2);
  });
});
