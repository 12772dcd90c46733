'use strict'

// `heapwarden thaw`: a heap image becomes a snapshot.

const path = require('node:path')
const { helpOf } = require('./analysis')
const { flagsOf, imageOf, optionsOf } = require('./image')
const { checkThaw, thaw: table } = require('../image/options')
const { printable, printableJson } = require('../base/printable')
const { withProgress } = require('./progress')
const { bytes } = require('./table')
const { args, print } = require('./terminal')

const usage = `usage: heapwarden thaw IMAGE [-o FILE] [OPTION…]

Goes on with the process that is frozen in a heap image, behind a fence and in a process of its own, and has V8 take its
snapshot there. IMAGE is a .heapimage.zst, a bundle, or a folder (its newest image). It runs on Linux x64; elsewhere:

  docker run --rm --platform linux/amd64 -v "$PWD:/work" -w /work node:22 npx heapwarden thaw IMAGE

  heapwarden thaw leak.heapimage.zst -o leak.heapsnapshot

${helpOf(table)}
  --json              what the snapshot is, as JSON`

async function thaw (argv) {
  const { values, positionals } = args(argv, { ...flagsOf(table), json: { type: 'boolean' } }, { positionals: 1 })
  const image = path.resolve(imageOf(positionals))
  const options = optionsOf(table, values, checkThaw)
  const { thawed } = require('../image')
  const info = await withProgress((onProgress) => thawed(image, { ...options, ...(onProgress && { onProgress }) }))
  if (values.json) await print(printableJson(info))
  else await print(`${printable(info.path)}\n${bytes(info.bytes)}, ${info.nodes} nodes`)
  return 0
}

module.exports = { thaw, usage }
