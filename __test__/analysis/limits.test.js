'use strict'

// An analysis in a container that has not got the memory: it is given up, and the service lives.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { once } = require('node:events')
const { test } = require('node:test')
const { node, root, tempDir } = require('../support/helpers')
const { memoryGroup } = require('../support/memory-group')

/** A snapshot of `count` objects in a row. */
async function write (file, count) {
  const out = fs.createWriteStream(file)
  const many = async (row, from, to) => {
    for (let i = from; i < to; i += 10_000) {
      const rows = Array.from({ length: Math.min(10_000, to - i) }, (_, at) => row(i + at)).join(',')
      if (!out.write((i === from ? '' : ',') + rows)) await once(out, 'drain')
    }
  }
  out.write(`{"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count"],
    "node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic"],"string","number","number","number"],
    "edge_fields":["type","name_or_index","to_node"],"edge_types":[["context","element","property"],"string_or_number","node"]},
    "node_count":${count},"edge_count":${count - 1}},"nodes":[`)
  await many((i) => `${i === 0 ? 9 : 3},${i === 0 ? 0 : 1},${i * 2 + 1},16,${i === count - 1 ? 0 : 1}`, 0, count)
  out.write('],"edges":[')
  await many((i) => `2,2,${(i + 1) * 5}`, 0, count - 1)
  out.end('],"strings":["","Link","next"]}')
  await once(out, 'close')
}

test('a container without room loses the analysis, never the service', async (t) => {
  const place = memoryGroup(t, 160 << 20)
  if (!place) return
  const dir = tempDir(t)
  const [large, small] = [path.join(dir, 'large.heapsnapshot'), path.join(dir, 'small.heapsnapshot')]
  await write(large, 4_000_000)
  await write(small, 1000)
  const program = `
    require('node:fs').writeFileSync(${JSON.stringify(path.join(place, 'cgroup.procs'))}, String(process.pid))
    const { summarize } = require(${JSON.stringify(root)})
    const failed = (error) => console.log(error.code, error.message)
    async function main () {
      await summarize(${JSON.stringify(large)}).catch(failed)
      await summarize(${JSON.stringify(large)}, { maxMemory: '1GB' }).catch(failed)
      await summarize(${JSON.stringify(large)}, { maxMemory: '1GB', process: 'child' }).catch(failed)
      console.log((await summarize(${JSON.stringify(small)})).nodes)
    }
    main()`
  const { status, signal, stdout, stderr } = await node(['-e', program])
  assert.deepEqual([status, signal], [0, null], stderr)
  const lines = stdout.trim().split('\n')
  assert.match(lines[0], /^HEAPWARDEN_MEMORY_BUDGET .*needs about .* machine has left/)
  // Seen in time; in the child the kernel may be quicker.
  assert.match(lines[1], /^HEAPWARDEN_MEMORY_BUDGET .*given up/)
  assert.match(lines[2], /^HEAPWARDEN_MEMORY_BUDGET .*(given up|killed)/)
  assert.equal(lines[3], '1000')
})
