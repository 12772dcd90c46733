'use strict'

// `heapwarden bundle`: a heap image and what it needs as one file.

const path = require('node:path')
const { helpOf } = require('./analysis')
const { flagsOf, imageOf, optionsOf } = require('./image')
const { bundle: table, checkBundle } = require('../image/options')
const { printable, printableJson } = require('../base/printable')
const { bytes } = require('./table')
const { args, print } = require('./terminal')

const usage = `usage: heapwarden bundle IMAGE [-o FILE] [OPTION…]

Packs a heap image, and the executable and libraries of the process that is frozen in it, into one file, which can be thawed
and asked wherever there is a Linux on x64. IMAGE is a .heapimage.zst or a folder (its newest image). \`heapwarden thaw\` and
\`ask\` read the bundle as it is; it is a tar, which \`tar xf\` unpacks. It holds all that the process had in memory.

  heapwarden bundle leak.heapimage.zst -o leak.tar

${helpOf(table)}
  --json              what was written, as JSON`

async function bundle (argv) {
  const { values, positionals } = args(argv, { ...flagsOf(table), json: { type: 'boolean' } }, { positionals: 1 })
  const image = path.resolve(imageOf(positionals))
  const options = optionsOf(table, values, checkBundle)
  const { bundled } = require('../image')
  const made = await bundled(image, options)
  await print(values.json ? printableJson(made) : `${printable(made.path)}\n${bytes(made.bytes)}: the image and ${made.objects} objects`)
  return 0
}

module.exports = { bundle, usage }
