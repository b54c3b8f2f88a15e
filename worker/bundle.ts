import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '@temporalio/common';
import { bundleWorkflowCode } from '@temporalio/worker';
import { failureConverterPath } from '../temporal/data-converter.ts';

const extension = path.extname(fileURLToPath(import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
const cacheFolder = path.join(root, 'node_modules', '.cache', 'carethread');

export interface BundleOptions {
  /** File that exports the workflows; the product's own unless a test says otherwise. */
  workflowsPath?: string;
  logger?: Logger;
}

/**
 * The workflows as one script for Temporal's sandbox. Built once for each content of `workflows/` and `domain/` and kept
 * with the packages: a worker that is killed comes back in a second, not in ten.
 */
export async function workflowBundle({ workflowsPath = path.join(root, 'workflows', `index${extension}`), logger }: BundleOptions = {}): Promise<{ code: string }> {
  const file = path.join(cacheFolder, `workflows-${contentHash(workflowsPath)}.js`);
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  if (kept !== undefined) return { code: kept };
  const { code } = await bundleWorkflowCode({ workflowsPath, failureConverterPath, ...(logger === undefined ? {} : { logger }) });
  await keep(file, code);
  return { code };
}

/** Of all that may get into the bundle: the sources, the SDK's version and Node's. */
function contentHash(workflowsPath: string): string {
  const hash = createHash('sha256').update(readFileSync(createRequire(import.meta.url).resolve('@temporalio/worker/package.json'))).update(process.version).update(workflowsPath);
  const folders = new Set([path.join(root, 'domain'), path.join(root, 'workflows'), path.dirname(workflowsPath)]);
  for (const folder of folders) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith(extension)).sort()) {
      hash.update(`${name}\0`).update(readFileSync(path.join(folder, name)));
    }
  }
  return hash.update(readFileSync(failureConverterPath)).digest('hex').slice(0, 32);
}

async function keep(file: string, code: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await mkdir(cacheFolder, { recursive: true });
    await writeFile(draft, code);
    await rename(draft, file);
  } catch {
    // Read-only packages, as in a container: then each start builds it.
  }
}
