import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { contentHash } from './content-hash.mjs';
import { root } from './ensure-packages.mjs';

const cache = path.join(root, 'node_modules', '.cache', 'carethread', 'run');

/**
 * A program of ours as one script, made once for each state of the sources and kept with the packages. A process that reads its
 * hundreds of TypeScript modules one by one takes a second of a core to start, and a world has six processes.
 *
 * @param file the program, from the checkout's folder, e.g. `worker/main.ts`
 * @param doubles for a test: modules of ours, each with the one in its folder `where` that everybody else gets in its place
 * @returns the script's path
 */
export async function bundle(file, doubles = { where: undefined, of: new Map() }) {
  const name = [file, ...doubles.of.keys()].join(' with ').replaceAll(/[^a-z0-9]+/gi, '-');
  // All that may get into it: our sources with their places, and the packages' versions.
  const sources = contentHash(/\.(ts|json)$/, root, readFileSync(path.join(root, 'package-lock.json'))).slice(0, 32);
  const script = path.join(cache, `${name}.${sources}.mjs`);
  if (existsSync(script)) return script;
  const { build, stop } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [path.join(root, file)],
    outfile: script,
    write: false,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.20',
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [{
      name: 'place',
      setup({ onLoad, onResolve }) {
        onLoad({ filter: /\.ts$/ }, keepPlace);
        if (doubles.of.size > 0) onResolve({ filter: /^\..*\.ts$/ }, (asked) => double(asked, doubles));
      },
    }],
  });
  // Its own process would wait for more work as long as ours runs.
  await stop();
  mkdirSync(cache, { recursive: true });
  // Those of other sources only: a process that started with this one may be about to load this script, or to rename its draft of it.
  for (const old of readdirSync(cache)) if (old.startsWith(`${name}.`) && !old.startsWith(path.basename(script))) rmSync(path.join(cache, old), { force: true });
  // Made beside and renamed: processes that start at the same time never read half of it.
  const draft = `${script}.${randomUUID()}`;
  writeFileSync(draft, outputFiles[0].contents);
  renameSync(draft, script);
  return script;
}

/** Modules find migrations, pages and templates by their own place, which is not that of the script. */
function keepPlace({ path: file }) {
  const contents = readFileSync(file, 'utf8')
    .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href))
    .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(file)));
  return { contents, loader: 'ts' };
}

/** The double itself gets the real one. */
function double({ path: asked, resolveDir }, { where, of }) {
  const module = path.relative(root, path.resolve(resolveDir, asked)).replaceAll(path.sep, '/');
  return resolveDir === where || !of.has(module) ? undefined : { path: path.join(where, of.get(module)) };
}
