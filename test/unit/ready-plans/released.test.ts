import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { validatePlan } from '../../../domain/plan/validate.ts';
import { shippedContent } from '../../support/content.ts';

const folder = new URL('released/', import.meta.url);
const content = shippedContent();

describe('versions of ready plans that were published before, which patients may still stand in', () => {
  test.each(readdirSync(folder))('%s still means something with the questionnaires and messages of today', (file) => {
    const validated = validatePlan(readFileSync(new URL(file, folder), 'utf8'), content);

    expect(validated.ok ? [] : validated.faults).toEqual([]);
  });

  test('have a lower version than what is shipped now', () => {
    const released = readdirSync(folder).map((file) => /^(.+)-(\d+)\.yaml$/.exec(file)?.slice(1) ?? []);

    expect(released.filter(([id, version]) => (content.plans[id ?? '']?.version ?? 0) <= Number(version))).toEqual([]);
  });
});
