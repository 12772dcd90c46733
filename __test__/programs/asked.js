'use strict'

// Asks itself what a thawed copy is asked, by V8's own functions. argv: where a snapshot may be written.

const fs = require('node:fs')
const v8 = require('node:v8')
const native = require('../../lib/addon/native')
const path = require('node:path')

native.attach(() => {})
const binding = require(path.join(__dirname, '../../native/heapwarden.linux-x64-gnu.node'))

class Session {
  constructor (i) { this.i = i }
}
const reach = (() => {
  const hidden = new Map()
  for (let i = 0; i < 5000; i++) hidden.set(`k${i}`, new Session(i))
  return () => hidden
})()

function ask (question) {
  try {
    return JSON.parse(binding.askForTest(JSON.stringify({ work: 'ask', most: 10_000, ...question })))
  } catch ({ code, message }) {
    return { code, message }
  }
}

v8.writeHeapSnapshot(process.argv[2])
const { snapshot: { meta }, nodes, edges, strings } = JSON.parse(fs.readFileSync(process.argv[2]))
const [type, name, id, , edgeCount] = meta.node_fields.map((_, i) => i)
const width = meta.node_fields.length
const types = meta.node_types[0]
const idsOf = (fits) => {
  const found = []
  for (let i = 0; i < nodes.length; i += width) if (fits(types[nodes[i + type]], strings[nodes[i + name]], i)) found.push(nodes[i + id])
  return found
}
/** The Map: a closure's context leads to it by its name. */
function hiddenMap () {
  const wide = meta.edge_fields.length
  for (let i = 0, edge = 0; i < nodes.length; i += width) {
    for (let n = 0; n < nodes[i + edgeCount]; n++, edge += wide) {
      if (meta.edge_types[0][edges[edge]] === 'context' && strings[edges[edge + 1]] === 'hidden') return nodes[edges[edge + 2] + id]
    }
  }
}

const answers = {
  settled: ask({ code: '(async () => { await 1; await 2; return 6 })()' }),
  rejected: ask({ code: 'Promise.reject(new Error("x"))' }),
  pending: ask({ code: 'new Promise((resolve) => setTimeout(resolve, 10))' }),
  instances: ask({ className: 'Session', code: 'all => [all.length, all.reduce((sum, { i }) => sum + i, 0)]' }),
  noInstances: ask({ className: 'Nothing', code: 'all => all' }),
  byId: ask({ id: hiddenMap(), code: 'map => [map.size, map.keys().next().value]' }),
  stringById: ask({ id: idsOf((kind) => kind === 'string')[0], code: 'it => typeof it' }),
  internal: ask({ id: idsOf((kind) => kind === 'object shape')[0], code: 'it => it' }),
  noId: ask({ id: 999_999_999, code: 'it => it' })
}
if (reach().size !== 5000) throw new Error('it was changed')
process.stdout.write(JSON.stringify(answers))
