'use strict'

// Is the file that was written a whole heap snapshot? Asked of the file itself, not of who wrote it.

const { buffer } = require('node:stream/consumers')

function expect (fine, what) {
  if (!fine) throw new Error(`the snapshot is not sound: ${what}`)
}

/**
 * Reads and parses the snapshot through `openSnapshot`.
 * @returns {Promise<{ nodes: number, edges: number, strings: number, jsonBytes: number }>}
 * @throws if a part is missing or its numbers contradict each other
 */
async function checkSnapshot (openSnapshot, path) {
  const json = await buffer(openSnapshot(path))
  const { snapshot, nodes, edges, strings } = JSON.parse(json)
  const nodeFields = snapshot.meta.node_fields
  const edgeFields = snapshot.meta.edge_fields
  expect(nodeFields.includes('self_size') && nodeFields.includes('edge_count'), 'meta does not name the fields of a node')
  expect(edgeFields.includes('to_node'), 'meta does not name the fields of an edge')
  expect(snapshot.node_count > 0, 'it counts no nodes')
  expect(nodes.length === snapshot.node_count * nodeFields.length,
    `node_count is ${snapshot.node_count}, but there are ${nodes.length / nodeFields.length} nodes`)
  expect(edges.length === snapshot.edge_count * edgeFields.length,
    `edge_count is ${snapshot.edge_count}, but there are ${edges.length / edgeFields.length} edges`)
  expect(strings.length > 0, 'it has no strings')
  return { nodes: snapshot.node_count, edges: snapshot.edge_count, strings: strings.length, jsonBytes: json.length }
}

module.exports = { checkSnapshot }
