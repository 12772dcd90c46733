'use strict'

// The folder snapshots lie in: who may enter it, whose it must be, and what crashes leave in it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')
const name = require('../../lib/addon/fallback/name')
const store = require('../../lib/addon/fallback/store')
const { node, root, tempDir } = require('../support/helpers')

const heapwarden = JSON.stringify(root)
const script = (text, options) => node(['-e', text], { timeout: 60_000, ...options })

for (const umask of ['000', '077', '777']) {
  test(`folders made on the way are for their user alone, with umask ${umask}`, async (t) => {
    const dir = tempDir(t)
    const { status, stderr } = await script(`
      process.umask(0o${umask})
      require(${heapwarden}).takeSnapshot({ dir: ${JSON.stringify(path.join(dir, 'a', 'b', 'c'))}, mode: 'inline', minFreeDisk: 0 })
    `)
    assert.equal(status, 0, stderr)
    const mode = (...parts) => (fs.statSync(path.join(dir, ...parts)).mode & 0o7777).toString(8)
    assert.deepEqual([mode('a'), mode('a', 'b'), mode('a', 'b', 'c')], ['700', '700', '700'])
    const [file] = fs.readdirSync(path.join(dir, 'a', 'b', 'c'))
    assert.equal(mode('a', 'b', 'c', file), '600')
  })
}

test('a default folder that somebody else has made is neither written to nor read, and a monitor says so at its start', async (t) => {
  const dir = tempDir(t)
  const planted = path.join(dir, `heapwarden-${process.getuid()}`)
  fs.mkdirSync(planted, { mode: 0o700 })
  fs.chmodSync(planted, 0o777)
  fs.writeFileSync(path.join(planted, 'heapwarden-20200101T000000.000Z-1-0-a-0000.heapsnapshot'), '{"snapshot":{"meta":{}}}')
  const env = { TMPDIR: dir, HEAPWARDEN_DIR: '' }
  const said = await script(`
    const { watch } = require(${heapwarden})
    const awake = setTimeout(() => {}, 60_000)
    const monitor = watch({ rules: [], nearHeapLimit: false })
    monitor.once('warning', async (warning) => {
      console.log(warning.message)
      await monitor.snapshots().then(console.log, (error) => console.log('list:', error.message))
      await monitor.snapshot().then(console.log, (error) => console.log('take:', error.message))
      await monitor.stop()
      clearTimeout(awake)
    })
  `, { env })
  assert.equal(said.status, 0, said.stderr)
  const why = /belongs to user \d+ with mode 777, it must belong to user \d+ with mode 700/
  const [warning, list, take] = said.stdout.trim().split('\n')
  for (const [line, begin] of [[warning, 'the '], [list, 'list:'], [take, 'take:']]) {
    assert.match(line ?? '', why, said.stdout)
    assert.ok(line.startsWith(begin), line)
  }
  assert.equal(fs.readdirSync(planted).length, 1)
})

test('services that leave a file and die, one after the other, leave as many as `keep` allows; a start sweeps too', async (t) => {
  const dir = tempDir(t)
  // The service dies while its child writes: the child gives the file its name, and nobody else is there to sweep.
  const die = `
    const fs = require('node:fs')
    const { capabilities, takeSnapshot } = require(${heapwarden})
    const options = { dir: ${JSON.stringify(dir)}, keep: { count: 2 }, minFreeDisk: 0 }
    takeSnapshot({ ...options, mode: capabilities.snapshots.fork.available ? 'fork' : 'inline' }).catch(() => {})
    const look = () => {
      const children = (task) => {
        try { return fs.readFileSync('/proc/self/task/' + task + '/children', 'utf8').split(' ') } catch { return [] } // it has ended
      }
      const child = fs.readdirSync('/proc/self/task').flatMap(children).find(Boolean)
      if (!child) return setTimeout(look, 1)
      fs.writeSync(1, child)
      process.kill(process.pid, 'SIGKILL')
    }
    look()
  `
  const published = async (child) => {
    const until = Date.now() + 60_000
    while (Date.now() < until) {
      // A zombie of a machine without a reaper has ended too. One that goes while it is read is gone.
      let stat = ''
      try { stat = fs.readFileSync(`/proc/${child}/stat`, 'utf8') } catch {}
      if (stat === '' || /\) Z/.test(stat)) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  for (let crash = 0; crash < 4; crash++) {
    const { stdout, stderr, signal } = await script(die)
    assert.equal(signal, 'SIGKILL', stderr)
    await published(stdout)
  }
  assert.equal(fs.readdirSync(dir).length, 2)
  const { status, stderr } = await script(`
    const monitor = require(${heapwarden}).watch({ rules: [], nearHeapLimit: false, snapshots: { dir: ${JSON.stringify(dir)}, keep: { count: 1 } } })
    monitor.sample().then(() => monitor.stop())
  `)
  assert.equal(status, 0, stderr)
  assert.equal(fs.readdirSync(dir).length, 1)
})

const listings = { addon: require('../../lib/monitor/snapshots').list, 'no addon': store.list }

for (const [how, list] of Object.entries(listings)) {
  test(`the newest is not what a wrong clock stamped: ${how}`, async (t) => {
    const dir = tempDir(t)
    /** In seconds from now: what the name says, and the last byte. */
    const put = (stamp, modified) => {
      const at = Date.now() + 1e3 * stamp
      const file = path.join(dir, name.generate({ at, pid: 1, threadId: 0, trigger: 'x' }, false))
      fs.writeFileSync(file, '{"snapshot":{"meta":{},"node_count":1},"nodes":[],"strings":[]}')
      const seconds = Date.now() / 1e3 + modified
      fs.utimesSync(file, seconds, seconds)
      return file
    }
    const [ahead, nobodyKnows, older, newer, elsewhere] = [put(2e9, -3600), put(1e9, 1e6), put(-7200, -7200), put(0, 0), put(30, 0)]
    assert.deepEqual((await list(dir)).map((info) => info.path), [elsewhere, newer, ahead, older, nobodyKnows])
    if (list !== store.list) return
    await store.keep(dir, { count: 9, bytes: Infinity, age: 1.8e6 })
    assert.deepEqual((await list(dir)).map((info) => info.path), [elsewhere, newer, nobodyKnows], 'they age by it too')
    await store.keep(dir, { count: 2, bytes: Infinity, age: Infinity })
    assert.deepEqual((await list(dir)).map((info) => info.path), [elsewhere, newer])
  })
}
