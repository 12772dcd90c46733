'use strict'

// What is wrong, by eslint's and eslint-plugin-n's own lists; of the style, what would otherwise be argued about.

const js = require('@eslint/js')
const stylistic = require('@stylistic/eslint-plugin')
const n = require('eslint-plugin-n')

/** What users run. The rest is for those who work on the package: on which Node it runs, and with what, its runs tell. */
const PACKAGE = ['index.js', 'index.mjs', 'lib/**', 'bin/**']
const off = (...names) => Object.fromEntries(names.map((name) => [name, 'off']))

module.exports = [
  { ignores: ['native/', 'vendor/', 'target/', 'fuzz/target/', 'fuzz/corpus/', 'fuzz/artifacts/', '**/.cache/'] },
  { files: ['**/*.js', '**/*.mjs'], ...js.configs.recommended },
  { files: ['**/*.js', '**/*.mjs'], ...n.configs['flat/recommended-script'] },
  {
    files: ['**/*.js', '**/*.mjs'],
    plugins: { '@stylistic': stylistic },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      // As tests/walls.rs has it for Rust: about 250, and what has more than this gives its reason where it says so.
      'max-lines': ['error', 400],
      'no-empty': ['error', { allowEmptyCatch: true }],
      // A property is left out of a copy by naming it.
      'no-unused-vars': ['error', { ignoreRestSiblings: true, varsIgnorePattern: '^_$' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'n/prefer-node-protocol': 'error',
      // Commands and child programs end themselves where they mean to.
      'n/no-process-exit': 'off',
      // Scripts are started by their path as well, not by package.json's `bin` alone.
      'n/hashbang': 'off',
      '@stylistic/comma-dangle': 'error',
      '@stylistic/eol-last': 'error',
      '@stylistic/indent': ['error', 2],
      '@stylistic/no-trailing-spaces': 'error',
      '@stylistic/quotes': ['error', 'single', { avoidEscape: true, allowTemplateLiterals: 'always' }],
      '@stylistic/semi': ['error', 'never'],
      '@stylistic/space-before-function-paren': 'error'
    }
  },
  { files: ['**/*.mjs'], languageOptions: { sourceType: 'module' } },
  {
    files: PACKAGE,
    rules: {
      // Asked for before they are used: zstd is in some versions of node:zlib, node:sea in some of Node 20. Node 20 has
      // fetch, and only calls it experimental.
      'n/no-unsupported-features/node-builtins': ['error', {
        ignores: ['fetch', 'sea', 'sea.isSea', 'zlib.createZstdCompress', 'zlib.createZstdDecompress', 'zlib.constants.ZSTD_c_compressionLevel', 'zlib.constants.ZSTD_c_checksumFlag']
      }]
    }
  },
  {
    // Modules of a page: lib/report/README.md.
    files: ['lib/report/page/**'],
    languageOptions: {
      globals: Object.fromEntries(['addEventListener', 'document', 'getComputedStyle', 'matchMedia', 'Node', 'ResizeObserver', 'd3', 'uPlot'].map((name) => [name, 'readonly']))
    },
    rules: off('n/no-unsupported-features/es-builtins')
  },
  {
    files: ['**/*.js'],
    ignores: PACKAGE,
    rules: off('n/no-extraneous-require', 'n/no-missing-require', 'n/no-unsupported-features/es-syntax', 'n/no-unsupported-features/node-builtins')
  },
  // Their functions run in a page, too.
  { files: ['__test__/report/*.js'], languageOptions: { globals: { document: 'readonly', window: 'readonly', getComputedStyle: 'readonly' } } },
  // Output is compared with its columns as they are, which a count of blanks would hide.
  { files: ['__test__/**'], rules: off('no-regex-spaces') },
  // Odd code is what these heaps are made of.
  { files: ['__test__/oracle/heaps/**'], rules: off('no-unused-vars') }
]
