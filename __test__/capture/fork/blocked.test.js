'use strict'

// A rule's capture by fork is complete while the loop is still blocked.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { forkTest, totals } = require('../../support/forks')
const { tempDir } = require('../../support/helpers')
const { appears, isFinal, start } = require('../../support/programs')

for (const where of ['main', 'worker']) {
  forkTest(`from a blocked loop, ${where} thread`, async (t) => {
    const [dir, marks] = [tempDir(t), tempDir(t)]
    const marker = path.join(marks, 'free')
    const { lines, line, ended } = start('fork-blocked', [dir, marker, where])
    await line(({ type }) => type === 'blocked')
    const name = await appears(dir, t.signal, isFinal)
    await totals(path.join(dir, name))
    assert.deepEqual(lines.map(({ type }) => type), ['blocked'], 'it is still blocked')
    fs.writeFileSync(marker, '')
    const { late } = await line(({ type }) => type === 'released')
    assert.equal(late, false)
    const said = await line(({ type }) => type === 'snapshot' || type === 'failed')
    assert.equal(said.path, path.join(dir, name), said.message)
    assert.deepEqual([said.mode, said.trigger], ['fork', 'rule:blocked'])
    assert.equal(said.threadId > 0, where === 'worker')
    assert.deepEqual((await ended).stderr, '')
  })
}
