import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheFolder, findInCache, findOnPath, makeCacheFolder } from './cache.ts';
import { freePort } from './ports.ts';
import { canReachDownloads, sdkVersion } from './temporal-cli.ts';
import type { Say } from './temporal-cli.ts';

const run = promisify(execFile);
const jarVersion = '1.38.0';
const mavenFolder = `temporal-test-server-${jarVersion}`;

/** What `TestWorkflowEnvironment.createTimeSkipping({ server: { executable } })` takes, or one line on why there is none. */
export type TimeSkippingServer = { readonly type: 'existing-path'; readonly path: string } | { readonly type: 'missing'; readonly reason: string };

const missing: TimeSkippingServer = {
  type: 'missing',
  reason: 'No time-skipping test server: install Java and Maven, or allow access to temporal.download.',
};

const downloadFolder = async (): Promise<string> => `time-skipping-sdk-${await sdkVersion()}`;

/** The test server if it was obtained before. */
export async function findTimeSkippingServer(): Promise<TimeSkippingServer> {
  const built = findOnPath('java') === undefined ? undefined : findInCache(cacheFolder(mavenFolder), 'temporal-test-server');
  const found = findInCache(cacheFolder(await downloadFolder())) ?? built;
  return found === undefined ? missing : { type: 'existing-path', path: found };
}

async function downloadBySdk(say: Say): Promise<void> {
  if (!(await canReachDownloads())) return;
  const downloadDir = await makeCacheFolder(await downloadFolder());
  say(`Time-skipping test server: downloading it (about 80 MB) to ${downloadDir}`);
  await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'cached-download', downloadDir } } }).then(
    (environment) => environment.teardown(),
    (error: unknown) => say(`Time-skipping test server: the download failed (${String(error).slice(0, 200)})`),
  );
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>carethread</groupId><artifactId>time-skipping</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency><groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>${jarVersion}</version></dependency></dependencies>
</project>
`;

const mainClass = 'io.temporal.testserver.TestServer';
const fastStart = ['-XX:+IgnoreUnrecognizedVMOptions', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

async function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * The SDK gives the server 5 s to start, of which Java on a busy machine takes more. With an archive of its loaded
 * classes it starts in half a second; a Java that cannot make or use one does without.
 */
async function archiveClasses(java: string, folder: string): Promise<void> {
  const port = await freePort();
  const archive = `-XX:ArchiveClassesAtExit=${path.join(folder, 'classes.jsa')}`;
  const server = spawn(java, [...fastStart, archive, '-cp', path.join(folder, 'lib', '*'), mainClass, String(port)], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  const endsAt = Date.now() + 60_000;
  while (server.exitCode === null && Date.now() < endsAt && !(await listens(port))) await delay(100);
  // The archive is written on a clean end.
  server.kill('SIGTERM');
  await ended;
}

async function assembleWithMaven(say: Say): Promise<void> {
  const [maven, java] = [findOnPath('mvn'), findOnPath('java')];
  // The SDK starts the server by path, which a script can be everywhere but on Windows.
  if (maven === undefined || java === undefined || process.platform === 'win32') return;
  const folder = await makeCacheFolder(mavenFolder);
  say(`Time-skipping test server: fetching it with Maven (once, 38 MB, kept in ${folder})`);
  const unfinished = await mkdtemp(path.join(folder, 'unfinished-'));
  try {
    await writeFile(path.join(unfinished, 'pom.xml'), pom);
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${path.join(unfinished, 'lib')}`, '-DincludeScope=runtime'];
    await run(maven, ['-q', '-B', '-f', path.join(unfinished, 'pom.xml'), ...goal], { maxBuffer: 64 * 1024 * 1024 });
    if (!existsSync(path.join(folder, 'lib'))) await rename(path.join(unfinished, 'lib'), path.join(folder, 'lib'));
    await archiveClasses(java, folder);
    const script = path.join(unfinished, 'temporal-test-server');
    await writeFile(script, `#!/bin/sh\nfolder="$(dirname "$0")"\nexec java ${fastStart.join(' ')} -XX:SharedArchiveFile="$folder/classes.jsa" -cp "$folder/lib/*" ${mainClass} "$@"\n`);
    await chmod(script, 0o755);
    // Last, since its presence says that all is there.
    await rename(script, path.join(folder, 'temporal-test-server'));
  } catch (error) {
    say(`Time-skipping test server: Maven could not fetch it (${error instanceof Error ? (error.message.split('\n').find((line) => line.includes('ERROR')) ?? 'no network?') : String(error)})`);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** The time-skipping test server by any means: found, downloaded by the SDK, or put together with Maven and Java. */
export async function obtainTimeSkippingServer(say: Say): Promise<TimeSkippingServer> {
  for (const obtain of [downloadBySdk, assembleWithMaven]) {
    const found = await findTimeSkippingServer();
    if (found.type === 'existing-path') return found;
    await obtain(say);
  }
  return findTimeSkippingServer();
}
