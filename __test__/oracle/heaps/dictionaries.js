'use strict'

// Objects used as tables, tables proper, and arrays with holes in them.

exports.hold = () => {
  const kept = { byName: {}, byNumber: {}, mixed: {}, bare: Object.create(null), map: new Map(), set: new Set(), small: [], arrays: [] }
  for (let i = 0; i < 5000; i++) {
    kept.byName[`name ${i}`] = { i }
    kept.byNumber[i * 1000] = [i]
    kept.mixed[i % 2 ? i : `text ${i}`] = i / 3
    kept.bare[`key${i}`] = `value ${i}`
    kept.map.set(i % 3 ? `key ${i}` : { key: i }, { i })
    kept.set.add(i % 2 ? i : `${i} in a set`)
  }
  for (let i = 0; i < 5000; i += 2) delete kept.byName[`name ${i}`]
  for (let i = 0; i < 1000; i++) {
    const one = { a: i, b: i, c: i }
    delete one.a
    kept.small.push(one, Object.fromEntries([[`only ${i}`, i]]), new Map([[i, i]]), new Set([i]), new Map(), Object.freeze([i]))
  }
  const sparse = []
  sparse[100] = 'far'
  sparse[1_000_000] = 'further'
  const named = Object.assign([1, 2, 3], { named: true, other: {} })
  const emptied = new Array(1000).fill(0)
  emptied.length = 0
  const shared = [1, 2, 3]
  kept.arrays.push(sparse, named, emptied, [,, 1], [1.5, 2.5], [1, 'two', {}], new Array(10), new Array(100_000), [], [[]], Array.from({ length: 100 }, () => shared)) // eslint-disable-line no-sparse-arrays
  // Copies on write share their elements, so that none of them owns them.
  for (let i = 0; i < 100; i++) kept.arrays.push(['literal', 'of', 'one', 'place'], [1, 2, 3, 4, 5], [0.5, 1.5])
  return kept
}

exports.change = (kept) => {
  for (let i = 1; i < 2000; i += 2) delete kept.byName[`name ${i}`]
  for (let i = 0; i < 1000; i++) kept.byName[`late ${i}`] = { late: i }
  kept.map.clear()
  kept.small.length = 1000
}
