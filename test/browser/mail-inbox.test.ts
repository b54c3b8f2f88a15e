import { createTransport } from 'nodemailer';
import { expect, it } from 'vitest';
import { startMail } from '../../sandbox/mail/mail.ts';
import { launchBrowser, newPage } from '../support/browser.ts';

it('the inbox shows a mail as it arrives, and a hostile subject as text', async () => {
  const mail = await startMail();
  const browser = await launchBrowser();
  const transport = createTransport(mail.smtpUrl);
  try {
    const page = await newPage(browser);
    await page.goto(mail.url);
    await page.getByText('Live', { exact: true }).waitFor();

    const subject = '<img src=x onerror="document.title=\'hurt\'">';
    const list = { unsubscribe: 'https://hospital.example.org/u/abc' };
    await transport.sendMail({ from: 'ward@example.org', to: 'li@example.org', subject, list, text: 'Hello', html: '<script>top.document.title = "hurt"</script><p>Hello</p>' });

    await page.getByRole('heading', { name: subject }).waitFor();
    expect(await page.getByText('https://hospital.example.org/u/abc').count()).toBe(1);
    expect(await page.frameLocator('iframe').getByText('Hello').textContent()).toBe('Hello');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toContain('Mail inbox');
  } finally {
    transport.close();
    await browser.close();
    await mail.close();
  }
});
