import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import type { LaunchOptions } from 'playwright-core';
import { findOnPath } from './cache.ts';
import type { Say } from './temporal-cli.ts';

const run = promisify(execFile);
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const otherPlaces = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** A browser that Playwright can drive: CHROMIUM_PATH, one that is installed, or Playwright's own; else undefined. */
export function findChromium(): string | undefined {
  const given = process.env['CHROMIUM_PATH'];
  const candidates = [given, ...names.map(findOnPath), ...otherPlaces, chromium.executablePath()];
  return candidates.find((file): file is string => file !== undefined && file !== '' && existsSync(file));
}

/** What to give `chromium.launch`. Throws a line that says what to install. */
export function chromiumOptions(): LaunchOptions {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('No browser: install Chromium or Chrome, or name one by CHROMIUM_PATH.');
  // Chromium's own sandbox refuses to run as root, as most containers do.
  return { executablePath, chromiumSandbox: process.getuid?.() !== 0 && process.env['CI'] === undefined };
}

/** Finds a browser, or lets Playwright download its own, and proves that it starts. Throws a line that says what to do. */
export async function obtainChromium(say: Say): Promise<string> {
  if (findChromium() === undefined) {
    say('Browser: letting Playwright download Chromium (about 170 MB, kept in its own cache)');
    const cli = path.join(path.dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')), 'cli.js');
    await run(process.execPath, [cli, 'install', '--no-shell', 'chromium'], { timeout: 300_000 }).catch(() => say('Browser: the download failed'));
  }
  const options = chromiumOptions();
  const browser = await chromium.launch(options).catch((cause: unknown) => {
    throw new Error(`The browser ${options.executablePath ?? ''} does not start; system libraries may be missing.`, { cause });
  });
  await browser.close();
  return options.executablePath ?? '';
}
