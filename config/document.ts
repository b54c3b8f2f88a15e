import { fileURLToPath } from 'node:url';
import { apiDefinition } from './api.ts';
import { authDefinition } from './auth.ts';
import type { Key, ProcessDefinition, KeySet } from './load.ts';
import { migrateDefinition } from './migrate.ts';
import { sealerDefinition, verifierDefinition } from './sealer.ts';
import { workerDefinition } from './worker.ts';

const definitions: readonly Documented[] = [workerDefinition, apiDefinition, authDefinition, sealerDefinition, verifierDefinition, migrateDefinition];
/** A definition without its check, whose values differ from process to process. */
type Documented = Pick<ProcessDefinition<KeySet>, 'process' | 'keys'>;

const project = fileURLToPath(new URL('..', import.meta.url));

/** docs/configuration.md, made from the processes' own definitions. `node scripts/run.mjs config/document-main.ts` writes it. */
export function configurationDocument(): string {
  return `# Configuration

Every process reads its configuration from the environment when it starts, and refuses to start with a list of all that is
wrong. An empty variable counts as unset. A key marked *secret* may be given as \`<KEY>_FILE\` instead: the path of a file that
holds it. The URL of a database says all of its connection (login, password, \`?sslmode=require\`): do not leave any of it to variables such as
\`PGPASSWORD\`, which the threads of the API that look at everybody in a version do not see. \`npm start\` sets all of this by itself; what follows is for a deployment. This page is made from the code.

${definitions.map(section).join('\n')}`;
}

function section({ process, keys }: Documented): string {
  const rows = Object.values(keys).map((each) => `| \`${each.name}\` | ${whenUnset(each)} | ${each.secret ? '*secret* ' : ''}${each.doc.replaceAll('|', '\\|')} |`);
  return `## ${process[0]?.toUpperCase() ?? ''}${process.slice(1)}

| Key | When unset | What it is |
|---|---|---|
${rows.join('\n')}
`;
}

function whenUnset({ schema }: Key<unknown>): string {
  const { success, data } = schema.safeParse(undefined);
  if (!success) return 'refuses to start';
  if (data === undefined) return '';
  return `\`${typeof data === 'string' ? data.replace(project, '') : JSON.stringify(data)}\``;
}
