import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/**
 * What the compiler cannot know of `npm run build`, which the image runs and no suite: that it makes every command, brings along what is read at run time,
 * and needs nothing that the image leaves out. That each file compiles is the suite types', by the same settings.
 */
const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const { include: rooms } = JSON.parse(read('tsconfig.build.json')) as { include: string[] };
const sources = rooms.flatMap((room) => readdirSync(path.join(root, room), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => path.join(room, name)));

let dist: string;
beforeAll(() => {
  dist = mkdtempSync(path.join(tmpdir(), 'carethread-build-'));
  spawnSync(process.execPath, ['scripts/copy-assets.mjs', dist], { cwd: root });
});
afterAll(() => rmSync(dist, { recursive: true, force: true }));

/** What a file asks for beside itself, such as `../templates`, where it is more than the checkout's own folder. */
const besideOf = (file: string): string[] => [...read(file).matchAll(/new URL\('([^']+)', import\.meta\.url\)/g)].map(([, place]) => path.join(path.dirname(file), place ?? '')).filter((place) => place !== '.');
/** Writes documents of the checkout, and is no part of a deployment. */
const makesDocuments = (file: string): boolean => besideOf(file).some((place) => place.startsWith('docs/'));

describe('npm run build', () => {
  it.each(['Dockerfile', 'docker-compose.yml'])('makes every command of %s', (file) => {
    const commands = [...read(file).matchAll(/dist\/([\w/-]+)\.js/g)].map(([, command]) => `${command}.ts`);

    expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((command) => !sources.includes(command))).toEqual([]);
  });

  it('brings along what compiled files read beside themselves', () => {
    const asked = sources.filter((file) => !makesDocuments(file)).flatMap((file) => besideOf(file).map((place) => ({ file, place }))).filter(({ place }) => !/\.(m?js|ts)$/.test(place));

    expect(asked.map(({ place }) => place)).toEqual(expect.arrayContaining(['store/migrations', 'store/migrations-keys', 'templates']));
    for (const { file, place } of asked) {
      const there = readdirSync(path.join(root, place), { recursive: true, encoding: 'utf8' });
      expect(there.filter((name) => !existsSync(path.join(dist, place, name))), file).toEqual([]);
    }
  });

  it('makes each file that is loaded by a path with the extension of whoever loads it', () => {
    const places = ['workflows/index', 'temporal/failure-converter', ...sources.flatMap((file) => [...read(file).matchAll(/\bfile: '([\w-]+)'/g)].map(([, name]) => `api/${name}`))];

    expect(places.length).toBeGreaterThan(2);
    expect(places.filter((place) => !sources.includes(`${place}.ts`))).toEqual([]);
    expect(sources.filter((file) => /(?:new URL|path\.(?:join|resolve))\([^)]*\.ts['"`]/.test(read(file)))).toEqual([]);
  });

  it('needs no package that the image leaves out, and nothing outside the rooms that are compiled', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const imports = sources.flatMap((file) => [...read(file).matchAll(/^(?:import|export) (?!type\b)[^;]*?from '([^']+)'|\bimport\('([^']+)'\)/gm)].map(([, from, lazily]) => ({ file, from: from ?? lazily ?? '' })));
    const isThere = ({ file, from }: { file: string; from: string }): boolean => {
      if (from.startsWith('.')) return sources.includes(path.join(path.dirname(file), from));
      const name = from.split('/').slice(0, from.startsWith('@') ? 2 : 1).join('/');
      return from.startsWith('node:') || builtinModules.includes(name) || name in dependencies;
    };

    expect(imports.length).toBeGreaterThan(500);
    expect(imports.filter((one) => !isThere(one))).toEqual([]);
  });
});
