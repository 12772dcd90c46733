'use strict'

// DevTools' reader of heap snapshots as one file that Node can load. Its package ships TypeScript only.

const { execFileSync } = require('node:child_process')
const { existsSync, mkdirSync, readFileSync, renameSync } = require('node:fs')
const { join } = require('node:path')

const folder = __dirname
const bundle = join(folder, '.cache', 'devtools.mjs')
const { dependencies } = require('./package.json')

const installed = (name) => {
  const file = join(folder, 'node_modules', name, 'package.json')
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === dependencies[name]
}

/** 90 MB that only this test needs: so no dependency of the project's own, installed when first asked for. */
function install () {
  if (Object.keys(dependencies).every(installed)) return
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], timeout: 180_000 })
}

/** Messages to a user are all that it wants from i18n, a module that wants a browser: any function of it gives what it gets. */
const withoutTranslations = {
  name: 'without-translations',
  setup (build) {
    build.onResolve({ filter: /i18n\/i18n\.js$/ }, () => ({ path: 'i18n', namespace: 'stub' }))
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: 'export const i18n = new Proxy({}, { get: () => (text) => text })' }))
  }
}

/**
 * Installs and bundles what is not there yet.
 * @returns {Promise<string>} the path of the bundle: an ES module that exports heap_snapshot_worker's modules
 */
async function ensureBundle () {
  install()
  const stamp = `// chrome-devtools-frontend ${dependencies['chrome-devtools-frontend']}`
  if (existsSync(bundle) && readFileSync(bundle, 'utf8').startsWith(stamp)) return bundle
  mkdirSync(join(folder, '.cache'), { recursive: true })
  const unfinished = `${bundle}.${process.pid}`
  await require('esbuild').build({
    entryPoints: [join(folder, 'node_modules/chrome-devtools-frontend/front_end/entrypoints/heap_snapshot_worker/heap_snapshot_worker.ts')],
    outfile: unfinished,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // It warns of nodes that only weak edges lead to, of which every snapshot of Node has some.
    banner: { js: `${stamp}\nconst console = { ...globalThis.console, warn () {} }` },
    plugins: [withoutTranslations],
    logLevel: 'warning'
  })
  renameSync(unfinished, bundle)
  return bundle
}

module.exports = { ensureBundle }

if (require.main === module) ensureBundle().then(console.log)
