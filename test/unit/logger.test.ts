import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger, redactedFields } from '../../config/logger.ts';

function record(): { lines: () => string; logger: ReturnType<typeof createLogger> } {
  let written = '';
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString();
      done();
    },
  });
  return { lines: () => written, logger: createLogger({ process: 'test', level: 'debug', destination }) };
}

const canary = 'CANARY-+12025550199';

describe('a log line', () => {
  it('says who, when and what, as fields and a message', () => {
    const { lines, logger } = record();

    logger.info({ enrolmentId: 'e1', late: 2 }, 'resumed');

    expect(JSON.parse(lines())).toMatchObject({ process: 'test', level: 'info', enrolmentId: 'e1', late: 2, msg: 'resumed' });
  });

  it.each(redactedFields)('never shows what %s holds, however deep, in fields or in the bindings of a child', (field) => {
    const { lines, logger } = record();
    const held = { [field]: canary };

    logger.info(held, 'one');
    logger.info({ a: { b: { c: [held] } } }, 'two');
    logger.child(held).info('three');
    logger.child({ a: held }).child({ b: { c: held } }).info({}, 'four');
    logger.info({ a: { [field.toUpperCase()]: canary } }, 'five');

    expect(lines().match(/"msg":"(one|two|three|four|five)"/g)).toHaveLength(5);
    expect(lines()).not.toContain(canary);
  });

  it('keeps out at least what the product handles about people', () => {
    expect(redactedFields).toEqual(expect.arrayContaining(['authorization', 'cookie', 'password', 'token', 'body', 'to', 'from', 'phone', 'email', 'name', 'text', 'answers', 'transcript']));
  });

  it('shows of a request its method and path, not its headers, query or body', () => {
    const { lines, logger } = record();
    const req = { id: 'r1', method: 'POST', url: '/enrolments', query: { q: canary }, params: { id: canary }, headers: { authorization: canary, 'x-other': canary }, body: canary, raw: { body: canary } };

    logger.child({ req }).info({ res: { statusCode: 201, headersSent: true, headers: { 'set-cookie': canary } } }, 'answered');

    expect(lines()).toContain('/enrolments');
    expect(lines()).toContain('201');
    expect(lines()).not.toContain(canary);
  });

  it('shows nothing of an object that is no plain data, such as a socket or a map', () => {
    const { lines, logger } = record();

    logger.info({ a: new Map([['k', canary]]), b: Buffer.from(canary), c: new (class { held = canary })() }, 'odd');

    expect(lines()).not.toContain(canary);
    expect(lines()).not.toContain(Buffer.from(canary).toString('base64').slice(0, 20));
  });

  it('shows of a provider error its kind and code, not what it quotes', () => {
    const { lines, logger } = record();
    const providerError = Object.assign(new Error(`The number ${canary} is not a mobile`), { code: 21614, status: 400, moreInfo: canary, response: { data: canary } });

    logger.error({ err: new Error(`wrapped ${canary}`, { cause: providerError }) }, 'not sent');
    logger.error({ error: providerError }, 'not sent');
    logger.error(providerError, 'not sent');
    logger.error(providerError);
    logger.error({ err: providerError });

    expect(lines()).toContain('21614');
    expect(lines()).toContain('logger.test.ts');
    expect(lines()).not.toContain(canary);
  });

  it('shows of a database error its SQLSTATE, not the row that it quotes', () => {
    const { lines, logger } = record();
    const databaseError = Object.assign(new Error(`duplicate key value (${canary})`), { name: 'PostgresError', code: '23505', detail: canary, parameters: [canary], query: canary });

    logger.warn({ err: databaseError }, 'refused');

    expect(lines()).toContain('23505');
    expect(lines()).not.toContain(canary);
  });

  it('keeps the message of an error of ours, which is written to be shown', () => {
    const { lines, logger } = record();

    logger.warn({ err: Object.assign(new Error('Put the old key back.'), { code: 'unknown-key' }) }, 'cannot decode');

    expect(lines()).toContain('Put the old key back.');
  });

  it('does not fall back to the message of an error that is thrown as text', () => {
    const { lines, logger } = record();

    logger.error({ err: canary }, 'odd');

    expect(lines()).toContain('odd');
    expect(lines()).not.toContain(canary);
  });
});
