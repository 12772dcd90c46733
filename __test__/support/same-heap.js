'use strict'

// Whether two snapshots are of the same heap: the image of a process, thawed, and V8's by a child forked at the same moment.

const { openSnapshot, summarize } = require('../..')
const { readJson } = require('./helpers')

/** With them V8 does not compile the loop that waits for the two. */
const FLAGS = ['--no-opt', '--no-maglev', '--no-sparkplug', '--no-lazy-feedback-allocation']

/** Two numbers that are the same for the same nodes and edges, in whatever order: of each its type, name and size, and its edges likewise. */
function fingerprint ({ snapshot: { meta }, nodes, edges, strings }) {
  const [N, E] = [meta.node_fields, meta.edge_fields]
  const of = (fields, name) => fields.indexOf(name)
  const [type, name, size, count] = ['type', 'name', 'self_size', 'edge_count'].map((field) => of(N, field))
  const [kind, label, to] = ['type', 'name_or_index', 'to_node'].map((field) => of(E, field))
  const mix = (hash, word) => Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15)
  const texts = strings.map((text) => {
    let hash = text.length
    for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i))
    return hash
  })
  const numbered = new Set(['element', 'hidden'].map((one) => meta.edge_types[0].indexOf(one)))
  const own = (at) => mix(mix(mix(nodes[at + type], texts[nodes[at + name]]), nodes[at + size]), nodes[at + count])
  let [sum, links, edge] = [0, 0, 0]
  for (let at = 0; at < nodes.length; at += N.length) {
    const hash = own(at)
    sum = sum + (hash >>> 0)
    for (let left = nodes[at + count]; left > 0; left--, edge += E.length) {
      const word = numbered.has(edges[edge + kind]) ? edges[edge + label] : texts[edges[edge + label]]
      links = links + (mix(mix(mix(hash, edges[edge + kind]), word), own(edges[edge + to])) >>> 0)
    }
  }
  return { nodes: sum, edges: links }
}

/** What must be the same of both: figures, the table of classes, and every node and edge by its names. */
async function figures (file) {
  const { nodes, edges, totalSize, statistics, classes, duplicateStrings } = await summarize(file)
  return { nodes, edges, totalSize, statistics, classes, duplicateStrings, names: fingerprint(await readJson(openSnapshot(file))) }
}

module.exports = { FLAGS, figures }
