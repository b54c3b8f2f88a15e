import path from 'node:path';
import { expect, test } from 'vitest';
import { loadContent } from '../../../store/content.ts';
import { readyPlansPage } from './page.ts';

test('docs/ready-plans.md says what the plans say', async () => {
  const { plans } = loadContent(path.resolve('templates'));

  const page = readyPlansPage(Object.values(plans).filter(({ approval }) => approval !== undefined));

  await expect(page).toMatchFileSnapshot('../../../docs/ready-plans.md');
});
