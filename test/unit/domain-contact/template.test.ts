import { afterEach, expect, test, vi } from 'vitest';
import { fillTemplate, inspectTemplate } from '../../../domain/contact/template.ts';

afterEach(() => vi.restoreAllMocks());

test('a template is accepted and filled in however long the machine stalls meanwhile', () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 60_000));

  const inspected = inspectTemplate('{% if hospital %}Here is {{ hospital }}.{% endif %}');
  const filled = fillTemplate('{% if hospital %}Here is {{ hospital }}.{% endif %}', { hospital: 'Example Hospital' });

  expect(inspected.faults).toEqual([]);
  expect(filled).toBe('Here is Example Hospital.');
});

test('a text that is filled in again keeps nothing of whom it was filled in for before', () => {
  const template = 'Hello {{ name }}{% if code %}, {{ code }}{% endif %}.';

  const texts = [{ name: 'Ada', code: 'K7' }, { name: 'Bo', code: '' }, { name: 'Ada', code: 'K7' }].map((values) => fillTemplate(template, values));

  expect(texts).toEqual(['Hello Ada, K7.', 'Hello Bo, .', 'Hello Ada, K7.']);
  expect(() => fillTemplate(template, { code: 'K7' })).toThrow('name');
});
