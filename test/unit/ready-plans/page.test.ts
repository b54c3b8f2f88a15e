import { expect, test } from 'vitest';
import { readyPlansPage } from './page.ts';
import { shippedContent } from '../../support/content.ts';

test('docs/ready-plans.md says what the plans say', async () => {
  const { plans } = shippedContent();

  const page = readyPlansPage(Object.values(plans).filter(({ approval }) => approval !== undefined));

  await expect(page).toMatchFileSnapshot('../../../docs/ready-plans.md');
});
