'use strict'

// What somebody gets who installs the published module: no Rust, no install scripts, nothing of this folder.

const assert = require('node:assert/strict')
const { execFile, execFileSync } = require('node:child_process')
const { accessSync, constants, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, mkdirSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { basename, dirname, join } = require('node:path')
const { after, before, test } = require('node:test')
const { promisify } = require('node:util')

const root = join(__dirname, '..', '..')
const { version, devDependencies } = require('../../package.json')

const work = mkdtempSync(join(tmpdir(), 'heapwarden-package-'))
const project = join(work, 'project')
let env, packed

/** A PATH with what npm needs and nothing else: no cargo, rustc or compiler. */
function barePath () {
  const bin = join(work, 'bin')
  mkdirSync(bin)
  const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()
  symlinkSync(process.execPath, join(bin, 'node'))
  symlinkSync(npm, join(bin, 'npm'))
  symlinkSync(join(dirname(npm), 'npx'), join(bin, 'npx'))
  symlinkSync('/bin/sh', join(bin, 'sh'))
  return bin
}

async function run (file, args, options = {}) {
  return promisify(execFile)(file, args, { cwd: project, env, timeout: 120_000, ...options })
}

/** Runs `code` in a child; rejects with its stderr when it fails. */
async function node (code, ...flags) {
  const { stdout } = await run('node', [...flags, '-e', code])
  return stdout.trim()
}

before(async () => {
  const path = barePath()
  // HOME stays: npm's cache makes this quick. Everything else that npm or Rust might read is left out.
  env = { PATH: path, HOME: process.env.HOME, CI: 'true' }
  // A network with a certificate of its own has no other way to say so.
  if (process.env.NODE_EXTRA_CA_CERTS) env.NODE_EXTRA_CA_CERTS = process.env.NODE_EXTRA_CA_CERTS
  // The build is a stage of its own; packing must not do it again.
  const { stdout } = await promisify(execFile)('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', work], { cwd: root })
  const [{ filename }] = Object.values(JSON.parse(stdout))
  packed = join(work, basename(filename))
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true }))
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline',
    packed, `express@${devDependencies.express}`])
})

after(() => rmSync(work, { recursive: true, force: true }))

test('carries the binary, the types and the documents, and none of the sources', () => {
  const installed = join(project, 'node_modules', 'heapwarden')
  for (const file of ['index.js', 'index.mjs', 'index.d.ts', 'index.d.mts', 'bin/heapwarden.js', 'native/heapwarden.linux-x64-gnu.node', 'native/heapwarden-thaw-linux-x64', 'vendor/uplot.js', 'vendor/d3-hierarchy.js', 'lib/report/page/style.css',
    'examples/express/server.js', 'docs/getting-started.md', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
    assert.ok(existsSync(join(installed, file)), `${file} is missing`)
  }
  accessSync(join(installed, 'native/heapwarden-thaw-linux-x64'), constants.X_OK)
  for (const file of ['Cargo.toml', 'src', 'scripts', '__test__', 'target', 'benches', '.npmrc', 'native/native.d.ts', 'node_modules', 'lib/README.md', 'lib/cli/README.md']) {
    assert.ok(!existsSync(join(installed, file)), `${file} should not be shipped`)
  }
})

test('TypeScript finds the types of every entry, whichever way it resolves (attw), and the package is in order (publint)', async () => {
  const tool = (name, ...args) => promisify(execFile)(process.execPath, [join(root, 'node_modules', '.bin', name), ...args], { cwd: work, timeout: 120_000 })
    .catch(({ stdout, stderr }) => assert.fail(`${name}: ${stdout}${stderr}`))
  await tool('attw', packed, '--no-color')
  await tool('publint', 'run', '--strict', '--pack', 'false', join(project, 'node_modules', 'heapwarden'))
})

test('can be required', async () => {
  const out = await node("const h = require('heapwarden'); console.log(typeof h.watch, typeof h.takeSnapshot, typeof h.openSnapshot, typeof h.summarize, typeof h.capabilities)")
  assert.equal(out, 'function function function function object')
})

test('can be imported, with the same functions', async () => {
  const out = await node(`
    import { createRequire } from 'node:module'
    import heapwarden, { watch, takeSnapshot } from 'heapwarden'
    const required = createRequire(process.cwd() + '/x.js')('heapwarden')
    console.log(watch === required.watch, takeSnapshot === required.takeSnapshot, heapwarden.watch === watch)`,
  '--input-type=module')
  assert.equal(out, 'true true true')
})

test('a snapshot can be taken and read back', async () => {
  const out = await node(`
    const { takeSnapshot, openSnapshot } = require('heapwarden')
    takeSnapshot({ dir: './snapshots' }).then(async (info) => {
      const { snapshot, nodes } = JSON.parse(Buffer.concat(await openSnapshot(info.path).toArray()))
      console.log(snapshot.node_count > 0 && nodes.length === snapshot.node_count * snapshot.meta.node_fields.length)
    })`)
  assert.equal(out, 'true')
})

test('a snapshot can be analysed, in a child too', async () => {
  const out = await node(`
    const { takeSnapshot, summarize } = require('heapwarden')
    takeSnapshot({ dir: './snapshots' }).then(async (info) => {
      const here = await summarize(info.path)
      const there = await summarize('./snapshots', { process: 'child' })
      console.log(here.nodes === info.nodes && here.totalSize === there.totalSize)
    })`)
  assert.equal(out, 'true')
})

test('its sub-paths can be required and imported', async () => {
  const { exports } = JSON.parse(readFileSync(join(project, 'node_modules', 'heapwarden', 'package.json'), 'utf8'))
  const paths = Object.keys(exports).map((path) => path.replace(/^\./, 'heapwarden'))
  for (const needed of ['heapwarden/register', 'heapwarden/middleware', 'heapwarden/heapdump']) {
    assert.ok(paths.includes(needed), `${needed} is not exported`)
  }
  for (const path of paths.filter((one) => !one.endsWith('.json'))) {
    await node(`require('${path}')`)
    await node(`await import('${path}')`, '--input-type=module')
  }
})

test('mounts in Express', async () => {
  const out = await node(`
    const app = require('express')()
    const monitor = require('heapwarden').watch()
    app.use('/heapwarden', require('heapwarden/middleware')({ monitor, token: 'secret' }))
    const server = app.listen(0, '127.0.0.1', async () => {
      const url = 'http://127.0.0.1:' + server.address().port + '/heapwarden/status'
      const without = await fetch(url)
      const withToken = await fetch(url, { headers: { authorization: 'Bearer secret' } })
      console.log(without.status, withToken.status)
      server.close()
      server.closeAllConnections()
      monitor.stop()
    })`)
  assert.equal(out, '401 200')
})

test('its command runs through npx', async () => {
  const { stdout } = await run('npx', ['--no-install', 'heapwarden', '--version'])
  assert.match(stdout, new RegExp(`\\b${version.replaceAll('.', '\\.')}\\b`))
})

test('the demo says what it lacks', async () => {
  const failed = await run('npx', ['--no-install', 'heapwarden', 'demo']).then(() => assert.fail('it should fail'), (error) => error)
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /npm install autocannon/)
})

/** Requires it in a process that `preload` has prepared, and uses it. What is said on stderr is returned too. */
async function withoutBinary (preload, ...flags) {
  const { stdout, stderr } = await run('node', ['-r', preload, ...flags, '-e', `
    const { capabilities, watch } = require('heapwarden')
    const monitor = watch()
    monitor.stop().then(() => console.log(JSON.stringify({ capabilities, rss: monitor.latest.rss })))`])
  const { capabilities, rss } = JSON.parse(stdout)
  assert.ok(rss > 0)
  assert.equal(capabilities.v8.available, false)
  assert.equal(capabilities.snapshots.portable.available, true)
  const warnings = stderr.split('\n').filter((line) => line.includes('HeapwardenWarning'))
  assert.equal(warnings.length, 1, stderr)
  assert.match(warnings[0], /\[HEAPWARDEN_UNSUPPORTED\]/)
  return { reason: capabilities.v8.reason, warning: warnings[0] }
}

test('on another platform one warning names it and says what to do, and the service lives', async () => {
  const preload = join(work, 'other-platform.js')
  writeFileSync(preload, `
    for (const [name, value] of [['platform', 'sunos'], ['arch', 'ppc64']]) {
      Object.defineProperty(process, name, { value, enumerable: true })
    }`)
  const { reason, warning } = await withoutBinary(preload)
  for (const text of [reason, warning]) {
    assert.match(text, /sunos/)
    assert.match(text, /ppc64/)
    assert.match(text, /linux-x64-gnu/, 'what there is a binary for')
    assert.match(text, /npm install|npm run build/, 'what to do')
  }
})

test('where the binary does not load the warning has the loader\'s own words', async () => {
  const hidden = join(work, 'hidden.js')
  writeFileSync(hidden, `
    const Module = require('node:module')
    const load = Module._extensions['.node']
    Module._extensions['.node'] = (module, file) => {
      if (!file.includes('heapwarden')) return load(module, file)
      throw Object.assign(new Error('GLIBC_2.99 not found'), { code: 'ERR_DLOPEN_FAILED' })
    }`)
  const { reason, warning } = await withoutBinary(hidden)
  for (const text of [reason, warning]) {
    assert.match(text, /GLIBC_2\.99 not found/)
    assert.match(text, /linux/)
  }
})

test('without the binary an Express server answers, and a breach takes a snapshot', async (t) => {
  const native = join(project, 'node_modules', 'heapwarden', 'native')
  const aside = join(work, 'native-aside')
  renameSync(native, aside)
  t.after(() => renameSync(aside, native))
  const { stdout, stderr } = await run('node', ['-e', `
    const { openSnapshot, summarize, watch } = require('heapwarden')
    const app = require('express')()
    const monitor = watch({ interval: 50, snapshots: { dir: './without' }, rules: [{ name: 'leak', metric: 'heapUsed', above: process.memoryUsage().heapUsed + 5e6, do: ['snapshot'] }] })
    app.use('/heapwarden', require('heapwarden/middleware')({ monitor, token: 'secret' }))
    const server = app.listen(0, '127.0.0.1', async () => {
      const url = 'http://127.0.0.1:' + server.address().port + '/heapwarden'
      const headers = { authorization: 'Bearer secret' }
      const get = async (route) => (await fetch(url + route, { headers })).json()
      const taken = new Promise((resolve) => monitor.once('snapshot', resolve))
      globalThis.leak = Array.from({ length: 80_000 }, (_, i) => ({ i, text: 'leak ' + i }))
      const info = await taken
      const { checkSnapshot } = require(process.cwd() + '/node_modules/heapwarden/lib/cli/demo/check.js')
      const checked = await checkSnapshot(openSnapshot, info.path)
      const download = await (await fetch(url + '/snapshots/' + require('node:path').basename(info.path), { headers })).json()
      console.log(JSON.stringify({
        info,
        nodes: [checked.nodes, download.snapshot.node_count],
        mode: (require('node:fs').statSync(info.path).mode & 0o777).toString(8),
        status: await get('/status'),
        listed: (await get('/snapshots')).length,
        summary: await summarize(info.path).catch(({ code }) => code)
      }))
      server.close()
      server.closeAllConnections()
      monitor.stop()
    })`])
  assert.equal(stderr.match(/HeapwardenWarning/g).length, 1, stderr)
  const { info, nodes, mode, status, listed, summary } = JSON.parse(stdout)
  assert.deepEqual([info.mode, info.trigger, info.complete, mode, listed, summary], ['portable', 'rule:leak', true, '600', 1, 'HEAPWARDEN_UNSUPPORTED'])
  assert.deepEqual(nodes, [info.nodes, info.nodes])
  // Whether it is over again by then is the collector's affair.
  assert.ok(status.rules[0].lastBreachAt > 0, JSON.stringify(status.rules))
  assert.match(status.capabilities.analysis.reason, /no binary/)
})
