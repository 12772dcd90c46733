// Writes the seed corpus: one small heap in every variant of the format. `node fuzz/seeds.mjs`
import { writeFileSync } from 'node:fs'

const base = ['hidden', 'array', 'string', 'object', 'code', 'closure', 'regexp', 'number', 'native', 'synthetic',
  'concatenated string', 'sliced string', 'symbol', 'bigint']
const edgeTypes = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak']
const fields7 = ['type', 'name', 'id', 'self_size', 'edge_count', 'trace_node_id', 'detachedness']
const fields6 = fields7.filter((field) => field !== 'trace_node_id')

// [type, name, self size, detachedness, edges [type, name or index, to]]; the node's place in the list is its name.
const heap = {
  root: ['synthetic', '', 0, 0, [['element', 1, 'roots'], ['shortcut', '2', 'global']]],
  roots: ['synthetic', '(GC roots)', 0, 0, [['element', 1, 'handles']]],
  handles: ['synthetic', '(Global handles)', 0, 0, [['element', 1, 'socket'], ['element', 2, 'div']]],
  global: ['object', 'global', 64, 0, [['property', 'users', 'map'], ['property', 'on', 'on'],
    ['property', 'text', 'cons'], ['property', 'weak', 'weakMap'], ['property', 'p1', 'point1']]],
  map: ['object', 'Map', 32, 0, [['internal', 'table', 'table']]],
  table: ['array', '', 120, 0, [['internal', '5', 'key'], ['internal', '6', 'point1'],
    ['internal', '8', 'key2'], ['internal', '9', 'point2']]],
  key: ['string', 'one \u{1f600} "two"\n', 24, 0, []],
  key2: ['string', '\ud83d', 16, 0, []],
  point1: ['object', 'Object', 28, 0, [['property', 'x', 'number'], ['property', 'y', 'number'],
    ['property', '__proto__', 'proto']]],
  point2: ['object', 'Object', 28, 0, [['property', 'x', 'number'], ['property', 'y', 'number']]],
  proto: ['object', 'Object', 28, 0, []],
  number: ['number', 'heap number', 12, 0, []],
  on: ['closure', 'on', 64, 0, [['internal', 'context', 'context'], ['internal', 'shared', 'shared']]],
  context: ['object', 'system / Context', 40, 0, [['context', 'socket', 'socket']]],
  shared: ['code', 'on', 56, 0, [['internal', 'script', 'script']]],
  script: ['code', '/srv/server.js', 80, 0, []],
  socket: ['object', 'Socket', 100, 0, [['internal', '1 / part of key (Socket @37) -> value (Data @51) pair in '
    + 'WeakMap (table @49)', 'data'], ['weak', 'next', 'div']]],
  cons: ['concatenated string', '(concatenated string)', 20, 0, [['internal', 'first', 'key'],
    ['internal', 'second', 'key2']]],
  div: ['native', '<div id="a">', 8, 2, [['element', 1, 'child']]],
  child: ['native', 'Text', 8, 0, []],
  weakMap: ['object', 'WeakMap', 24, 0, [['internal', 'table', 'weakTable']]],
  weakTable: ['array', '', 40, 0, [['internal', '1 / part of key (Socket @37) -> value (Data @51) pair in '
    + 'WeakMap (table @49)', 'data'], ['hidden', 3, 'weakTable']]],
  data: ['object', 'Data', 1000, 0, []],
  lost: ['object', 'Lost', 10, 0, [['element', 0, 'found']]],
  found: ['object', 'Found', 10, 0, [['element', 0, 'lost']]]
}
const ids = { socket: 37, weakTable: 49, data: 51 }

function snapshot ({ fields, types, extra = {}, sections = {}, locations = true, graph = heap }) {
  const strings = ['<dummy>']
  const intern = (text) => (strings.includes(text) ? strings.indexOf(text) : strings.push(text) - 1)
  const names = Object.keys(graph)
  const nodes = []
  const edges = []
  names.forEach((key, at) => {
    const [type, name, size, state, out] = graph[key]
    const row = { type: types.indexOf(type), name: intern(name), id: ids[key] ?? 101 + 2 * at, self_size: size,
      edge_count: out.length, trace_node_id: 0, detachedness: state }
    nodes.push(...fields.map((field) => row[field]))
    for (const [kind, label, to] of out) {
      edges.push(edgeTypes.indexOf(kind), typeof label === 'number' ? label : intern(label),
        names.indexOf(to) * fields.length)
    }
  })
  const meta = {
    node_fields: fields,
    node_types: [types, 'string', ...fields.slice(2).map(() => 'number'), ...(extra.tail ?? [])],
    edge_fields: ['type', 'name_or_index', 'to_node'],
    edge_types: [edgeTypes, 'string_or_number', 'node'],
    trace_function_info_fields: ['function_id', 'name', 'script_name', 'script_id', 'line', 'column'],
    trace_node_fields: ['id', 'function_info_index', 'count', 'size', 'children'],
    sample_fields: ['timestamp_us', 'last_assigned_id'],
    location_fields: ['object_index', 'script_id', 'line', 'column']
  }
  const { tail, ...header } = extra
  const place = (key, ...rest) => [names.indexOf(key) * fields.length, ...rest]
  return {
    snapshot: { meta, node_count: names.length, edge_count: edges.length / 3, trace_function_count: 0, ...header },
    nodes,
    edges,
    trace_function_infos: [],
    trace_tree: [],
    samples: [],
    locations: locations ? [...place('on', 7, 9, 4), ...place('socket', 7, 1, 2)] : [],
    ...sections,
    strings
  }
}

const node22 = { fields: fields7, types: [...base, 'object shape'] }
const node24 = { fields: fields6, types: [...base, 'object shape'], extra: { extra_native_bytes: 4096 } }
const tiny = { root: ['synthetic', '', 0, 0, [['shortcut', '1', 'global']]], global: ['object', 'global', 8, 0, []] }
const seeds = {
  node18: snapshot({ fields: fields7, types: base }),
  node20: snapshot({ fields: fields7, types: [...base, 'object shape', 'wasm object'] }),
  node22: snapshot(node22),
  // The list of node types has one entry more than there are fields.
  node24: snapshot({ ...node24, extra: { ...node24.extra, tail: ['number'] } }),
  node26: snapshot({ ...node24, graph: { ...heap,
    root: ['synthetic', '', 0, 0, [['element', 1, 'roots'], ['shortcut', '2', 'native']]],
    native: ['hidden', 'system / NativeContext', 0, 0, [['internal', 'global_object', 'global'],
      ['internal', 'sloppy_function_map', 'proto']]] } }),
  internals: snapshot({ ...node24, graph: { ...heap, root: ['synthetic', '', 0, 0, [['element', 1, 'roots'],
    ['internal', 'g', 'global']]] } }),
  traced: snapshot({ ...node22, extra: { trace_function_count: 2 }, sections: {
    trace_function_infos: [0, 0, 0, 0, 4294967295, 4294967295, 1, 2, 3, 7, 9, 4],
    trace_tree: [1, 0, 0, 0, [2, 1, 3, 72, [3, 1, 1, 8, []]]],
    samples: [1000, 7, 2000, 51] } }),
  'no-detachedness': snapshot({ fields: fields7.slice(0, 6), types: base, graph: tiny, locations: false }),
  'newer-v8': snapshot({ ...node24, graph: tiny, locations: false, sections: {
    scopes: [[{ a: ['}', ']', '"'] }, -1.5e-3, true, null]], scope_context_vars: {}, scope_uses: [] } })
}

for (const [name, value] of Object.entries(seeds)) {
  writeFileSync(new URL(`seeds/${name}.json`, import.meta.url), JSON.stringify(value))
}
// The same with white space everywhere, and with the root elsewhere.
writeFileSync(new URL('seeds/spaced.json', import.meta.url),
  JSON.stringify(snapshot({ ...node22, graph: tiny, locations: false }), null, '\t'))
const turned = { global: tiny.global, root: tiny.root }
writeFileSync(new URL('seeds/root-index.json', import.meta.url),
  JSON.stringify(snapshot({ ...node22, extra: { root_index: 7 }, graph: turned, locations: false })))
