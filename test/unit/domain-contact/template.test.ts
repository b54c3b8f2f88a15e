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
