'use strict'

// Where a snapshot may come from: gzip, pipes, process substitution; and what is said of what is none.

const assert = require('node:assert/strict')
const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { after, before, test } = require('node:test')
const zlib = require('node:zlib')
const { compare, findPaths, openSnapshot, summarize } = require('../..')
const { bin } = require('../support/cli')
const { node, readJson, root, run } = require('../support/helpers')
const { ownSnapshot } = require('../support/own-snapshot')

class PipedMarker {}
globalThis.pipedMarkers = Array.from({ length: 300 }, () => new PipedMarker())

let dir
let file
let gz
let json
before(async () => {
  ({ dir, file, json } = await ownSnapshot())
  gz = path.join(dir, 'x.heapsnapshot.gz')
  fs.writeFileSync(gz, zlib.gzipSync(json, { level: 1 }))
})
after(() => fs.rmSync(dir, { recursive: true, force: true }))

function fifo (name) {
  const pipe = path.join(dir, name)
  execFileSync('mkfifo', [pipe])
  return pipe
}

/** A shell's command, with our command line as `heapwarden`. */
const bash = (script) => run('bash', ['-c', `heapwarden() { "$NODE" "$BIN" "$@"; }; ${script}`],
  { cwd: dir, env: { NODE: process.execPath, BIN: bin, GZ: gz, FILE: file } })

test('gzip: every function reads it', async () => {
  const { path: _, ...expected } = await summarize(file)
  const { path: name, ...result } = await summarize(gz)
  assert.equal(name, gz)
  assert.deepEqual(result, expected)
  assert.deepEqual((await compare(gz, file, { ids: false })).classes, [])
  assert.ok((await findPaths(gz, { className: 'PipedMarker' }))[0].count > 200)
  assert.ok(json.equals(Buffer.concat(await openSnapshot(gz).toArray())))
  const child = await summarize(gz, { process: 'child' })
  assert.equal(child.nodes, expected.nodes)
})

for (const [name, script, says] of [
  ['summary of a .gz', 'heapwarden summary "$GZ" --top 1', / nodes and /],
  ['summary <(zcat)', 'heapwarden summary <(zcat "$GZ") --top 1', / nodes and /],
  ['summary <(cat .zst)', 'heapwarden summary <(cat "$FILE") --top 1', / nodes and /],
  ['summary /dev/stdin', 'cat "$GZ" | heapwarden summary /dev/stdin --top 1', / nodes and /],
  ['diff <(…) <(…)', 'heapwarden diff <(zcat "$GZ") <(cat "$GZ") --ids false', /no class has changed/],
  ['diff of three pipes', 'heapwarden diff <(zcat "$GZ") - <(cat "$GZ") --top 2 < "$GZ"', / grow every time/],
  ['paths <(cat .gz)', 'heapwarden paths <(cat "$GZ") --class PipedMarker', /of PipedMarker/],
  ['salvage of a pipe', 'heapwarden summary <(head -c 900000 "$GZ") --salvage --top 1', /INCOMPLETE: .*byte 900000/]
]) {
  test(`pipes: ${name}`, async () => {
    const { status, stdout, stderr } = await bash(script)
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, says)
  })
}

test('pipes: cat unpacks what comes through one, and standard input', async () => {
  const plain = path.join(dir, 'plain')
  fs.writeFileSync(plain, json)
  const { status, stdout, stderr } = await bash(
    `heapwarden cat <(cat "$GZ") | cmp - ${plain} && heapwarden cat - < "$FILE" | cmp - ${plain} && cat "$GZ" | heapwarden cat /dev/stdin | cmp - ${plain}`)
  assert.deepEqual([status, stdout, stderr], [0, '', ''])
})

test('a socket as standard input is read by its path too', async () => {
  const child = spawn(process.execPath, [bin, 'summary', '/dev/stdin', '--json'], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(fs.readFileSync(file))
  const result = await readJson(child.stdout)
  assert.ok(result.nodes > 1000)
})

test('a cut gzip is told with its byte, in a line', async () => {
  const cut = path.join(dir, 'cut.gz')
  fs.writeFileSync(cut, fs.readFileSync(gz).subarray(0, 50_000))
  for (const args of [['summary', cut], ['cat', cut]]) {
    const { status, stderr } = await node([bin, ...args])
    assert.equal(status, 1)
    assert.match(stderr, /^heapwarden: .*cut\.gz is damaged or cut at byte 50000: the gzip ends[^\n]*\n$/)
  }
})

test('a pipe nobody writes to: an abort and a destroy end the wait', async () => {
  const pipe = fifo('nobody')
  const controller = new AbortController()
  const summary = summarize(pipe, { signal: controller.signal })
  const stream = openSnapshot(pipe)
  stream.resume()
  // More of them than libuv's pool has places: files are read meanwhile.
  const more = Array.from({ length: 8 }, () => openSnapshot(pipe).resume())
  await fs.promises.readFile(gz)
  assert.ok((await openSnapshot(gz).toArray()).length > 0, 'a file has its turn too')
  controller.abort()
  await assert.rejects(summary, { code: 'HEAPWARDEN_ABORTED' })
  // The last one first: it is nobody's turn to end before another.
  for (const one of [...more.reverse(), stream]) {
    one.destroy()
    await once(one, 'close')
  }
})

test('a pipe nobody writes to does not keep a process or a worker that ends', async () => {
  const pipe = fifo('ending')
  const program = `
    const { Worker } = require('node:worker_threads')
    const worker = new Worker(\`
      require(${JSON.stringify(root)}).openSnapshot(process.argv[2]).resume()
      require('node:worker_threads').parentPort.postMessage('open')
    \`, { eval: true, argv: [process.argv[1]] })
    worker.once('message', async () => {
      await worker.terminate()
      require(${JSON.stringify(root)}).openSnapshot(process.argv[1]).resume()
      setTimeout(() => process.exit(7), 100)
    })`
  const { status, stderr } = await node(['-e', program, pipe], { timeout: 30_000 })
  assert.deepEqual([status, stderr], [7, ''])
})

for (const [name, content, says] of [
  ['x.cpuprofile', '{"nodes":[{"id":1,"callFrame":{"functionName":"(root)"}}]}', /is no heap snapshot but a CPU profile .*Performance/],
  ['x.heapprofile', '{"head":{"callFrame":{"functionName":"(root)"}}}', /a sampling heap profile .*DevTools \(Memory\)/],
  ['bun.json', '{"version":2,"type":"Inspector","nodes":[0,0,0,0]}', /Bun, Safari.*generateHeapSnapshot\('v8'\)/],
  ['page.html', '<!DOCTYPE html>\n<title>Log in</title>', /a page of HTML .*download/],
  ['reply.json', '{"code":"HEAPWARDEN_UNAUTHORIZED","message":"no"}', /an error that a server answered/],
  ['x.gz', zlib.gzipSync(Buffer.from([10, 4, 8, 1, 16, 2, 10, 4, 8, 3, 16, 4])), /pprof/],
  ['x.zip', 'PK\u0003\u0004rest', /zip archive/],
  ['utf16', Buffer.from('\ufeff{"snapshot":{}}', 'utf16le'), /UTF-16/]
]) {
  test(`what it is instead: ${name}`, async () => {
    const other = path.join(dir, name)
    fs.writeFileSync(other, content)
    for (const command of [['summary'], ['cat'], ['paths', '--id', '1']]) {
      const { status, stdout, stderr } = await node([bin, ...command, other])
      assert.deepEqual([status, stdout], [1, ''])
      assert.match(stderr, says)
      assert.equal(stderr.split('\n').length, 2, stderr)
    }
    await assert.rejects(summarize(other), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT', message: says })
    await assert.rejects(openSnapshot(other).toArray(), { code: 'HEAPWARDEN_CORRUPT_SNAPSHOT', message: says })
  })
}

test('an argument that is empty is no folder, and a folder that is not there is called so', async () => {
  for (const args of [['summary', ''], ['cat', ''], ['ls', ''], ['diff', file, '']]) {
    const { status, stderr } = await node([bin, ...args])
    assert.equal(status, 2)
    assert.match(stderr, /is empty: a variable that is not set\?/)
  }
  const { status, stderr } = await node([bin, 'ls', path.join(dir, 'none')])
  assert.equal(status, 1)
  assert.match(stderr, /^heapwarden: there is no folder .*none\n$/)
})
