import { chromium } from 'playwright-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromiumOptions } from '../../sandbox/chromium.ts';

/** Playwright waits half a minute, which a machine that is ten times overloaded needs for one page. */
const patienceMs = 120_000;
const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** A browser that asks for nothing but what a test opens. The caller closes it. */
export const launchBrowser = (): Promise<Browser> => chromium.launch({ ...chromiumOptions(), args: quiet });

/** A page in a context of its own, with patience for a busy machine. */
export async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(patienceMs);
  return page;
}
