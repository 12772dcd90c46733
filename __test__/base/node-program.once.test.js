'use strict'

// Programs whose process.execPath is not a Node.js. The first one is a real single executable application.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { before, test } = require('node:test')
const { takeSnapshot } = require('../..')
const { nodeBinary } = require('../../scripts/test/nodes')
const { node, root, run, tempDir } = require('../support/helpers')

const BUILD_MS = 120_000
const DEADLINE_MS = 60_000

/** The first Node.js major that builds such applications by itself. */
const BUILDER = 26

let builder
before(async () => { builder = await nodeBinary(BUILDER) }, { timeout: 240_000 })

/** A service in one file. Each start of it leaves a line in `starts`, and it starts again when asked to be a Node. */
const service = (starts, what) => `
  const fs = require('node:fs')
  fs.appendFileSync(${JSON.stringify(starts)}, process.pid + '\\n')
  if (fs.readFileSync(${JSON.stringify(starts)}, 'utf8').split('\\n').length > 4) process.kill(process.pid, 'SIGKILL')
  const load = require('node:module').createRequire(${JSON.stringify(path.join(root, 'index.js'))})
  ;(async () => { ${what} })().catch((error) => { console.log(JSON.stringify({ code: error.code, message: error.message })) })`

/** Builds `code` as an executable. */
async function build (dir, code) {
  const [main, config, output] = ['main.js', 'sea.json', 'service'].map((name) => path.join(dir, name))
  fs.writeFileSync(main, code)
  fs.writeFileSync(config, JSON.stringify({ main, output, disableExperimentalSEAWarning: true }))
  const built = await run(builder, [`--build-sea=${config}`], { timeout: BUILD_MS })
  assert.equal(built.status, 0, built.stderr)
  return output
}

test('a single executable application is not started again', async (t) => {
  const dir = tempDir(t)
  const starts = path.join(dir, 'starts')
  const info = await takeSnapshot({ dir })
  const program = await build(dir, service(starts, `
    const { summarize, takeSnapshot } = load('./index.js')
    const { startServer } = load('./lib/cli/demo/server.js')
    const said = []
    const attempt = (work) => work.then(() => said.push('done'), ({ code, message }) => said.push({ code, message }))
    await attempt(summarize(${JSON.stringify(info.path)}, { process: 'child' }))
    await attempt(startServer({ folder: ${JSON.stringify(dir)}, leak: 'buffers', express: '/nowhere/express/package.json', onLine () {} }))
    await attempt(summarize(${JSON.stringify(info.path)}))
    await attempt(takeSnapshot({ dir: ${JSON.stringify(dir)} }))
    console.log(JSON.stringify(said))`))
  const { status, stdout, stderr } = await run(program, [], { timeout: DEADLINE_MS, killSignal: 'SIGKILL' })
  assert.equal(status, 0, stdout + stderr)
  const [child, demo, thread, snapshot] = JSON.parse(stdout)
  assert.equal(child.code, 'HEAPWARDEN_UNSUPPORTED')
  assert.match(child.message, /process: 'child'.*'thread'.*single executable application/)
  assert.equal(demo.code, 'HEAPWARDEN_UNSUPPORTED')
  assert.match(demo.message, /demo.*single executable application/)
  assert.deepEqual([thread, snapshot], ['done', 'done'])
  assert.equal(fs.readFileSync(starts, 'utf8').trim().split('\n').length, 1, 'it was started once')
})

/** What stands for these here is what each of them says of itself; none of them can be had in this suite. */
for (const [name, pretend, fits] of [
  ['Bun', "process.versions.bun = '1.3.0'", /is Bun/],
  ['Deno', "process.versions.deno = '2.1.0'", /is Deno/],
  ['Electron', "process.versions.electron = '39.0.0'", /is Electron/],
  ['pkg', 'process.pkg = {}', /carries its program/],
  ['an Electron that runs as a Node.js', "process.versions.electron = '39.0.0'; process.env.ELECTRON_RUN_AS_NODE = '1'", undefined]
]) {
  test(`what says that it is ${name} ${fits ? 'is not started' : 'is, as that again'}`, async () => {
    const { stdout, stderr } = await node(['-e', `
      Object.defineProperty(process, 'versions', { value: { ...process.versions } })
      ${pretend}
      try {
        console.log(JSON.stringify(require(${JSON.stringify(path.join(root, 'lib', 'base', 'node-program.js'))}).nodeProgram('this')))
      } catch ({ code, message }) { console.log(JSON.stringify({ code, message })) }`])
    const said = JSON.parse(stdout || assert.fail(stderr))
    if (!fits) return assert.deepEqual(said, { file: process.execPath, env: { ELECTRON_RUN_AS_NODE: '1' } })
    assert.equal(said.code, 'HEAPWARDEN_UNSUPPORTED')
    assert.match(said.message, fits)
  })
}
