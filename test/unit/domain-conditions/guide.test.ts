import { describe as suite, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { celOf } from '../../../domain/conditions/cel-write.ts';
import { describe } from '../../../domain/conditions/describe.ts';
import { conditionFaults, evaluate } from '../../../domain/conditions/evaluate.ts';
import { readCondition } from '../../../domain/conditions/read.ts';
import { guide, knowing, rowsUnder, scope } from './world.ts';

const known = z.custom<Parameters<typeof knowing>[0]>((value) => typeof value === 'object' && value !== null);
const plainRows = rowsUnder('In plain words');
const celLines = (/```cel\n(.*?)```/s.exec(guide)?.[1] ?? '').trim().split('\n');

suite('docs/conditions.md', () => {
  test('has examples of each kind', () => {
    expect([plainRows.length, celLines.length, rowsUnder('What is not known').length, rowsUnder('What is wrong').length]).toEqual([40, 7, 12, 8]);
  });

  test.each(plainRows)('%s means %s, and that is right in both forms', (written = '', cel = '') => {
    expect(conditionFaults(written, scope)).toEqual([]);
    expect(conditionFaults(cel, scope)).toEqual([]);
    expect([readCondition(written, scope).form, readCondition(cel, scope).form]).toEqual(['plain', 'cel']);
    expect(celOf(written, scope)).toBe(cel);
    expect(describe(written, scope, 'zh')).toMatch(/\p{Script=Han}/u);
  });

  test.each(celLines)('%s may be published', (cel) => {
    expect(readCondition(cel, scope).form).toBe('cel');
    expect(conditionFaults(cel, scope)).toEqual([]);
  });

  test.each(rowsUnder('What is not known'))('%s on %s is %s', (written = '', values = '', verdict = '') => {
    expect(evaluate(written, scope, knowing(known.parse(parse(values)))).verdict).toBe(verdict);
  });

  test.each(rowsUnder('What is wrong'))('%s is told: %s', (written = '', told = '') => {
    expect(conditionFaults(written, scope).map(({ sentence }) => sentence)).toEqual([expect.stringContaining(told)]);
  });
});
