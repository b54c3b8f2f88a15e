import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheFolder, findInCache, findOnPath, makeCacheFolder } from './cache.ts';

const run = promisify(execFile);
const cliVersion = '1.5.1';
const builtFolder = `temporal-cli-${cliVersion}`;

/** Tells a person in one line what is about to happen. */
export type Say = (line: string) => void;

/** The version of the SDK, which decides what its own download fetches. */
export async function sdkVersion(): Promise<string> {
  const file = createRequire(import.meta.url).resolve('@temporalio/testing/package.json');
  return (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version;
}

/** Whether the SDK's download can work: asked first, since an unreachable host could hang for minutes. */
export async function canReachDownloads(): Promise<boolean> {
  // A proxy is known to the SDK's downloader, not to fetch: let it try.
  if (['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].some((name) => (process.env[name] ?? '') !== '')) return true;
  return fetch('https://temporal.download/', { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(5000) }).then(
    () => true,
    () => false,
  );
}

/** Temporal's CLI if it can be had at once: on the PATH, or obtained earlier. */
export async function findTemporalCli(): Promise<string | undefined> {
  return findOnPath('temporal') ?? findInCache(cacheFolder(`temporal-sdk-${await sdkVersion()}`)) ?? findInCache(cacheFolder(builtFolder), 'temporal');
}

/** The SDK's downloader, which has no function of its own. */
export interface SdkDownload {
  canReach(): Promise<boolean>;
  into(downloadDir: string): Promise<void>;
}

const sdkDownload: SdkDownload = {
  canReach: canReachDownloads,
  async into(downloadDir) {
    const environment = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir } } });
    await environment.teardown();
  },
};

async function downloadBySdk(say: Say, sdk: SdkDownload): Promise<string | undefined> {
  if (!(await sdk.canReach())) return undefined;
  const name = `temporal-sdk-${await sdkVersion()}`;
  const downloadDir = await makeCacheFolder(name);
  say(`Temporal server: downloading it (about 60 MB) to ${downloadDir}`);
  try {
    await sdk.into(downloadDir);
    return findInCache(downloadDir);
  } catch (error) {
    say(`Temporal server: the download failed (${error instanceof Error ? error.message.slice(0, 200) : String(error)})`);
    return undefined;
  }
}

async function buildWithGo(say: Say): Promise<string | undefined> {
  const go = findOnPath('go');
  if (go === undefined) return undefined;
  const folder = await makeCacheFolder(builtFolder);
  say(`Temporal server: building it with Go (temporal CLI ${cliVersion}; once, about 7 minutes and 250 MB, kept in ${folder})`);
  const unfinished = await mkdtemp(path.join(folder, 'unfinished-'));
  const file = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  try {
    await run(go, ['install', `github.com/temporalio/cli/cmd/temporal@v${cliVersion}`], { cwd: unfinished, env: { ...process.env, GOBIN: unfinished }, maxBuffer: 64 * 1024 * 1024 });
    await rename(path.join(unfinished, file), path.join(folder, file));
    return path.join(folder, file);
  } catch (error) {
    const said = error !== null && typeof error === 'object' && 'stderr' in error ? String(error.stderr).trim().split('\n').slice(-2).join(' ') : String(error);
    say(`Temporal server: the build failed (${said})`);
    return undefined;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Temporal's CLI by any means: found, downloaded by the SDK, or built with Go. Throws a line that says what to install. */
export async function obtainTemporalCli(say: Say, sdk = sdkDownload): Promise<string> {
  const cli = (await findTemporalCli()) ?? (await downloadBySdk(say, sdk)) ?? (await buildWithGo(say));
  if (cli !== undefined) return cli;
  throw new Error('No Temporal server: set TEMPORAL_ADDRESS, or install the Temporal CLI (https://docs.temporal.io/cli) or Go, or allow access to temporal.download.');
}
