import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

/** Of the scripts, which run before there is any TypeScript. */
const { bundle } = (await import(fileURLToPath(new URL('../../scripts/bundle.mjs', import.meta.url)))) as { bundle: (file: string) => Promise<string> };
const places: string[] = [];
afterAll(() => {
  for (const place of places) rmSync(place, { force: true });
});

test('making a script takes away what older sources made, and nothing that another process is just making of the same ones', async () => {
  const script = await bundle('domain/codes.ts');
  const [draft, older] = [`${script}.of-another-process`, script.replace(/[0-9a-f]{32}\.mjs$/, `${'0'.repeat(32)}.mjs`)];
  places.push(script, draft, older);
  for (const place of [draft, older]) writeFileSync(place, '');
  rmSync(script);

  const again = await bundle('domain/codes.ts');

  expect([again, existsSync(script), existsSync(draft), existsSync(older)]).toEqual([script, true, true, false]);
});
