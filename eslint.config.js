'use strict';

const js = require('@eslint/js');
const prettier = require('eslint-config-prettier');
const tseslint = require('typescript-eslint');

const oneHome = (name, home) => ({ name, message: `Only ${home} may touch ${name}.` });

const timeAndChance = [
  ...['setTimeout', 'setInterval', 'Date', 'performance'].map((name) => oneHome(name, 'src/base')),
];
const timeAndChanceProperties = [
  { object: 'Math', property: 'random', message: 'Chance comes in by the Clock (src/base/clock.ts).' },
  { object: 'process', property: 'hrtime', message: 'Time comes in by the Clock (src/base/clock.ts).' },
];
const environment = {
  object: 'process',
  property: 'env',
  message: 'The environment is read in src/config and src/cli only.',
};
/** They throw where the application has put a `get` or the like on `Object.prototype`. */
const descriptors = [
  ['Object', 'defineProperty'],
  ['Object', 'defineProperties'],
  ['Reflect', 'defineProperty'],
].map(([object, property]) => ({ object, property, message: 'Properties are defined by src/base/define.ts.' }));

module.exports = tseslint.config(
  {
    ignores: ['build/', 'dist/', 'coverage/', 'node_modules/', 'bench/node_modules/', 'bench/peers/'],
  },
  // Programs in the TypeScript and the module syntax of other people's tools.
  {
    ignores: [
      'test/apps/{tsx,ts-node,type-stripping,vitest}/**/*.{ts,mts}',
      'test/apps/next-*/**',
      'test/apps/sveltekit/{src/**,svelte.config.js}',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.js'],
    languageOptions: { sourceType: 'commonjs', globals: require('globals').node },
  },
  {
    files: ['test/apps/jest-*/*.test.js'],
    languageOptions: { globals: require('globals').jest },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { sourceType: 'module', globals: require('globals').node },
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: __dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A handler that may return something or nothing at all is `string | void`, whatever the rule thinks of it.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'always' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'A union of literals instead of an enum.' },
        { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' },
        { selector: 'ExportAllDeclaration', message: 'Public names are exported one by one.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...timeAndChance],
      'no-restricted-properties': ['error', ...timeAndChanceProperties, environment, ...descriptors],
    },
  },
  {
    files: ['src/base/**/*.ts'],
    rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': ['error', environment, ...descriptors] },
  },
  {
    files: ['src/base/define.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['src/config/**/*.ts', 'src/cli/**/*.ts'],
    rules: { 'no-restricted-properties': ['error', ...timeAndChanceProperties, ...descriptors] },
  },
  {
    // What loads late does so by a literal `require`, which every bundler follows.
    files: [
      'src/base/lazy.ts',
      'src/agent/lazy.ts',
      'src/config/names/aliases.ts',
      'src/instrument/database/lazy.ts',
      'src/instrument/opentelemetry/lazy.ts',
      'src/instrument/route/lazy.ts',
      'src/cli/main.ts',
      'src/export/segment-queue.ts',
    ],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // A test says what it expects of a value in the next line, and hands methods around as it likes.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  prettier,
);
