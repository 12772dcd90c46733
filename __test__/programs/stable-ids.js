'use strict'

// Two snapshots with stable ids, and one without: which ids of the objects that lived through all match?

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { text } = require('node:stream/consumers')
const { openSnapshot, takeSnapshot } = require('../..')

class Survivor {
  // Not the template's own result: V8 keeps that as two pieces, which a snapshot does not spell out.
  constructor (number) { this.label = Buffer.from(`survivor ${number}`).toString() }
}

const mode = process.argv[2]
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapwarden-ids-'))
const survivors = Array.from({ length: 20_000 }, (_, number) => new Survivor(number))

/** ms of a loop that keeps the collector moving objects. */
function churn () {
  let fastest = Infinity
  for (let round = 0; round < 6; round++) {
    const begin = performance.now()
    let window = []
    for (let i = 0; i < 2_000_000; i++) {
      window.push({ i })
      if (window.length > 200_000) window = window.slice(100_000)
    }
    fastest = Math.min(fastest, performance.now() - begin)
  }
  return fastest
}

/** label → id of every Survivor in a snapshot. */
async function ids (stableIds) {
  const { path: file } = await takeSnapshot({ dir, mode, stableIds })
  const { snapshot: { meta }, nodes, edges, strings } = JSON.parse(await text(openSnapshot(file)))
  fs.rmSync(file)
  const field = (name) => meta.node_fields.indexOf(name)
  const [nodeSize, edgeSize] = [meta.node_fields.length, meta.edge_fields.length]
  const [name, id, edgeCount] = [field('name'), field('id'), field('edge_count')]
  const className = strings.indexOf('Survivor')
  const labelName = strings.indexOf('label')
  const found = new Map()
  let edge = 0
  for (let node = 0; node < nodes.length; node += nodeSize) {
    const end = edge + nodes[node + edgeCount] * edgeSize
    for (; edge < end; edge += edgeSize) {
      if (nodes[node + name] !== className || edges[edge + 1] !== labelName) continue
      const label = strings[nodes[edges[edge + 2] + name]]
      if (label.startsWith('survivor ')) found.set(label, nodes[node + id])
    }
  }
  return found
}

const same = (one, other) => [...one].filter(([label, id]) => other.get(label) === id).length

async function main () {
  churn()
  const before = churn()
  const first = await ids(true)
  const between = churn()
  const second = await ids(true)
  const after = Math.min(churn(), churn(), churn())
  const third = await ids(false)
  console.log(JSON.stringify({ kept: survivors.length, matching: same(first, second), unrelated: same(first, third), before, between, after }))
}

main().finally(() => fs.rmSync(dir, { recursive: true, force: true }))
