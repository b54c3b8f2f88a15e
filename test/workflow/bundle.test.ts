import { builtinModules } from 'node:module';
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { workflowBundle } from '../../worker/bundle.ts';

const root = path.resolve(import.meta.dirname, '../..');
let code: string;
let sources: string[];
beforeAll(async () => {
  ({ code } = await workflowBundle());
  const map = Buffer.from(code.slice(code.lastIndexOf('base64,') + 'base64,'.length), 'base64').toString();
  sources = (JSON.parse(map) as { sources: string[] }).sources;
});

it('of our rooms the bundle holds the four threads, the words of domain/, and the failure converter', () => {
  const ours = sources.filter((source) => source.startsWith(root) && !source.includes('node_modules')).map((source) => path.relative(root, source));

  expect(ours).toEqual(expect.arrayContaining(['workflows/follow-up.ts', 'workflows/questionnaire.ts', 'workflows/escalation.ts', 'workflows/recorded-call.ts']));
  expect(ours.filter((source) => !/^(workflows|domain)\//.test(source))).toEqual(['temporal/failure-converter.ts']);
});

it('no package reaches the bundle but the SDK and what it brings: no zod, no CEL', () => {
  const packages = new Set(sources.map((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1]).filter((name) => name !== undefined));

  expect([...packages].filter((name) => !name.startsWith('@temporalio/')).sort()).toEqual(['long', 'ms', 'nexus-rpc']);
});

it('nothing of Node is asked for in the bundle', () => {
  const script = code.slice(0, code.lastIndexOf('//# sourceMappingURL'));
  const required = [...script.matchAll(/\brequire\(\s*["'](?:node:)?([a-z_/]+)["']\s*\)/g)].map((match) => match[1] ?? '');

  expect(required.filter((name) => builtinModules.includes(name))).toEqual([]);
  expect(script).not.toMatch(/["']node:[a-z_]+["']/);
});
