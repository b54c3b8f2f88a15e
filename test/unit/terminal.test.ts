import { expect, test } from 'vitest';
import { explainTable } from '../../api/explain-table.ts';
import { forTerminal } from '../../api/terminal.ts';

test('what a patient wrote moves no cursor, turns no line and makes none of its own', () => {
  const written = '\u001b[2J\u009b1A\u0007 fine\r\n2026-03-02 10:00  Closed by a nurse \u202eyad';
  const words = (said: string) => ({ en: said, zh: said });

  const table = forTerminal(explainTable({
    enrolmentId: 'e', status: 'active', zone: 'UTC', next: { words: words('Nothing.'), stoppers: [] }, steps: [], unheard: 0,
    decisions: [{ localTime: '2026-03-02T09:00', stepId: 's', words: words('Alert'), because: [{ ruleId: 'r', condition: words('note says pain'), facts: [{ name: words('note'), value: words(written) }] }] }],
  }, 'en'));

  expect(table).toContain('\n    |   note: \\u001b[2J\\u009b1A\\u0007 fine 2026-03-02 10:00 Closed by a nurse \\u202eyad\n');
  expect(forTerminal('疼痛 至少 7\n')).toBe('疼痛 至少 7\n');
});

test('JSON with it stays the same JSON', () => {
  const value = { note: 'a\u009bb\u2028c\u001bd' };

  expect(JSON.parse(forTerminal(JSON.stringify(value, null, 2)))).toEqual(value);
});
