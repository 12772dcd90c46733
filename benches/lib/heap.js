'use strict'

/**
 * A heap of small objects, the same in every process: what a cache without an end looks like.
 * @param {number} megabytes about
 */
function fill (megabytes) {
  const kept = new Map()
  // About 200 bytes each with its strings and its place in the map.
  for (let i = 0; i < megabytes * 5000; i++) kept.set(i, { id: i, name: `name ${i}`, tags: [i, i + 1], parent: kept.get(i >> 1) })
  return kept
}

module.exports = { fill }
