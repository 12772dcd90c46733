'use strict'

// A snapshot as large as one likes: { from, to, times } → { bytes, nodes, edges }. V8 takes minutes to hours for a heap of
// gigabytes, so this one is put together: everything below the root of a real snapshot `times` over, with object ids, WeakMap
// entries and the texts of strings of their own, as if so many isolated contexts held it. Class and property names are shared,
// as they are in a large heap. The graph's shape, its share of strings and its numbers of edges are the real ones.

const { closeSync, openSync, readFileSync, writeSync } = require('node:fs')

const { from, to, times } = JSON.parse(process.argv[2])

class Output {
  #fd
  #buffer = Buffer.allocUnsafe(1 << 20)
  #used = 0
  bytes = 0

  constructor (path) {
    this.#fd = openSync(path, 'w')
  }

  #flush () {
    if (this.#used > 0) writeSync(this.#fd, this.#buffer, 0, this.#used)
    this.bytes += this.#used
    this.#used = 0
  }

  text (string) {
    this.#flush()
    const data = Buffer.from(string)
    for (let done = 0; done < data.length;) done += writeSync(this.#fd, data, done)
    this.bytes += data.length
  }

  /** Short ones, into the buffer. */
  short (string) {
    if (string.length * 3 > this.#buffer.length - this.#used) {
      this.#flush()
      if (string.length * 3 > this.#buffer.length) return this.text(string)
    }
    this.#used += this.#buffer.write(string, this.#used)
  }

  number (value, first) {
    if (this.#buffer.length - this.#used < 24) this.#flush()
    const buffer = this.#buffer
    if (!first) buffer[this.#used++] = 44
    let digits = 1
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++
    for (let at = this.#used + digits - 1; at >= this.#used; at--) {
      buffer[at] = 48 + value % 10
      value = Math.floor(value / 10)
    }
    this.#used += digits
  }

  end () {
    this.#flush()
    closeSync(this.#fd)
  }
}

const { snapshot, nodes, edges, locations, strings } = JSON.parse(readFileSync(from, 'utf8'))
const { meta } = snapshot
const F = meta.node_fields.length
const E = meta.edge_fields.length
const L = meta.location_fields.length
const [nodeType, nodeName, nodeId, nodeEdges] = ['type', 'name', 'id', 'edge_count'].map((name) => meta.node_fields.indexOf(name))
const [edgeType, edgeName, edgeTo] = ['type', 'name_or_index', 'to_node'].map((name) => meta.edge_fields.indexOf(name))
const typeOf = (name) => meta.node_types[nodeType].indexOf(name)
const edgeTypeOf = (name) => meta.edge_types[edgeType].indexOf(name)
const [element, hidden, internal] = ['element', 'hidden', 'internal'].map(edgeTypeOf)
const count = nodes.length / F
const rootEdges = nodes[nodeEdges] * E
if ((snapshot.root_index ?? 0) !== 0) throw new Error('the root is expected to be the first node')

/** Object ids of a copy: even numbers further, since V8 tells kinds of objects apart by odd and even. */
let idStep = 0
for (let at = nodeId; at < nodes.length; at += F) idStep = Math.max(idStep, nodes[at])
idStep += 2 - idStep % 2

// What a copy has of its own among the strings: texts that are nothing but texts, and the names of WeakMap entries.
const TEXT = 1
const SHARED = 2
const ENTRY = 4
const uses = new Uint8Array(strings.length)
for (let at = 0; at < nodes.length; at += F) uses[nodes[at + nodeName]] |= nodes[at + nodeType] === typeOf('string') ? TEXT : SHARED
for (let at = 0; at < edges.length; at += E) {
  const type = edges[at + edgeType]
  if (type === element || type === hidden) continue
  const name = edges[at + edgeName]
  uses[name] |= type === internal && /^\d+ \/ part of key /.test(strings[name]) ? ENTRY : SHARED
}
const own = [] // positions in `strings`
const ownAt = new Uint32Array(strings.length) // the place in `own`, from 1; 0: shared
for (const [index, text] of strings.entries()) {
  if (uses[index] === ENTRY || (uses[index] === TEXT && text.length > 3)) ownAt[index] = own.push(index)
}
const stringOf = (index, copy) => copy === 0 || ownAt[index] === 0 ? index : strings.length + (copy - 1) * own.length + ownAt[index] - 1
const nodeOf = (flat, copy) => flat === 0 ? 0 : flat + copy * (count - 1) * F

const out = new Output(to)
const total = { nodes: (count - 1) * times + 1, edges: edges.length / E * times }
out.text(`{"snapshot":${JSON.stringify({ ...snapshot, node_count: total.nodes, edge_count: total.edges })},\n"nodes":[`)
for (let copy = 0; copy < times; copy++) {
  for (let at = copy === 0 ? 0 : F; at < nodes.length; at += F) {
    for (let field = 0; field < F; field++) {
      let value = nodes[at + field]
      if (field === nodeName) value = stringOf(value, copy)
      else if (field === nodeId) value += copy * idStep
      else if (field === nodeEdges && at === 0) value *= times
      out.number(value, at + field === 0)
    }
  }
}
out.text('],\n"edges":[')
function edge (at, copy) {
  const type = edges[at + edgeType]
  const numbered = type === element || type === hidden
  for (let field = 0; field < E; field++) {
    let value = edges[at + field]
    if (field === edgeTo) value = nodeOf(value, copy)
    else if (field === edgeName) value = !numbered ? stringOf(value, copy) : value + (at < rootEdges ? copy * rootEdges / E : 0)
    out.number(value, at + field === 0 && copy === 0)
  }
}
for (let copy = 0; copy < times; copy++) for (let at = 0; at < rootEdges; at += E) edge(at, copy)
for (let copy = 0; copy < times; copy++) for (let at = rootEdges; at < edges.length; at += E) edge(at, copy)
out.text('],\n"trace_function_infos":[],\n"trace_tree":[],\n"samples":[],\n"locations":[')
for (let copy = 0; copy < times; copy++) {
  for (let at = 0; at < locations.length; at++) out.number(at % L === 0 ? nodeOf(locations[at], copy) : locations[at], at === 0 && copy === 0)
}
out.text('],\n"strings":[')
for (const [index, text] of strings.entries()) out.short(`${index ? ',\n' : ''}${JSON.stringify(text)}`)
for (let copy = 1; copy < times; copy++) {
  for (const index of own) {
    const text = uses[index] === ENTRY
      ? strings[index].replace(/@(\d+)/g, (_all, id) => `@${Number(id) + copy * idStep}`)
      : `${strings[index]} ${copy}`
    out.short(`,\n${JSON.stringify(text)}`)
  }
}
out.text(']}')
out.end()
console.log(JSON.stringify({ bytes: out.bytes, ...total }))
