import tseslint from 'typescript-eslint';

/**
 * The arrows of the house. Each room names the rooms that it may import; any other arrow is refused.
 * `domain` imports nothing of ours, `workflows` only `domain`; sandbox and product know nothing of each other.
 */
const rooms = ['domain', 'workflows', 'activities', 'store', 'providers', 'temporal', 'config', 'api', 'worker', 'console', 'sandbox', 'bench', 'test'];
const mayImport = {
  domain: [],
  workflows: ['domain'],
  config: [],
  store: ['domain', 'config'],
  providers: ['domain', 'config'],
  temporal: ['domain', 'config', 'store'],
  activities: ['domain', 'store', 'providers', 'temporal', 'config'],
  api: ['domain', 'store', 'providers', 'temporal', 'config'],
  worker: ['domain', 'workflows', 'activities', 'store', 'providers', 'temporal', 'config'],
  console: ['domain'],
  sandbox: [],
};

const arrows = Object.entries(mayImport).map(([room, allowed]) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: [
          ...(room === 'store' ? [] : ['postgres', 'node-pg-migrate'].map((name) => ({ name, message: 'No SQL outside store/.' }))),
          ...(room === 'providers' || room === 'sandbox' ? [] : ['twilio', 'nodemailer'].map((name) => ({ name, message: 'No provider client outside providers/.' }))),
        ],
        patterns: [
          {
            group: rooms.filter((other) => other !== room && !allowed.includes(other)).flatMap((other) => [`**/../${other}/**`, `../${other}/**`]),
            message: `${room}/ may import only: ${allowed.join(', ') || 'nothing of ours'}.`,
          },
          ...(['domain', 'workflows'].includes(room) ? [{ group: ['node:*', 'postgres', '@temporalio/client', '@temporalio/worker', 'express', 'pino'], message: 'Pure code: no I/O.' }] : []),
          ...(room === 'domain' ? [{ group: ['@temporalio/*'], message: 'domain/ knows nothing of Temporal.' }] : []),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['node_modules', 'dist', '.data', 'coverage'] },
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-console': 'error',
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: 'Only config/ reads the environment.' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  ...arrows,
  { files: ['config/**/*.ts', 'sandbox/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-restricted-properties': 'off' } },
  { files: ['sandbox/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], rules: { 'no-console': 'off' } },
);
