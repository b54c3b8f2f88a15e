import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let token: string;
beforeAll(async () => {
  world = await createWorld();
  ({ token } = await world.signedIn(['coordinator']));
});
afterAll(() => world.close());

describe('the questionnaires of an installation', () => {
  it('are listed with their scores and safeguards, and shown whole', async () => {
    const list = await world.ask('GET', '/v1/questionnaires', { token });
    const phq9 = await world.ask('GET', '/v1/questionnaires/phq-9', { token });

    expect(list.body['items']).toContainEqual({ questionnaireId: 'phq-9', version: 1, title: { en: 'How you have felt', zh: '近来的心情' }, items: 10, scores: ['phq9', 'phq2'], safeguards: ['item-9'] });
    expect(phq9.body).toMatchObject({ id: 'phq-9', respondents: ['patient'], items: Array(10).fill({ kind: 'choice' }), safeguards: [{ id: 'item-9', level: 'red' }] });
  });

  it('are given as FHIR in the language asked for', async () => {
    const reply = await world.ask('GET', '/v1/questionnaires/wound-check/fhir?language=zh', { token });

    expect(reply.headers.get('content-type')).toContain('application/fhir+json');
    expect(reply.body).toMatchObject({ resourceType: 'Questionnaire', language: 'zh-CN', title: '您的伤口' });
  });

  it('are not found by a name that is none, nor given to a stranger', async () => {
    const [none, inherited, stranger] = [await world.ask('GET', '/v1/questionnaires/none', { token }), await world.ask('GET', '/v1/questionnaires/constructor', { token }), await world.ask('GET', '/v1/questionnaires')];

    expect([none.status, inherited.status, stranger.status]).toEqual([404, 404, 401]);
  });

  it('are valid by the JSON Schema that is served to editors', async () => {
    const { body } = await world.ask('GET', '/v1/questionnaire-schema.json');
    const validate = new Ajv2020({ strict: false }).compile(body);
    const folder = new URL('../../templates/questionnaires/', import.meta.url);

    for (const file of await readdir(folder)) expect(validate(parse(await readFile(new URL(file, folder), 'utf8'))), file).toBe(true);
  });
});
