'use strict'

// The addon compares its reading of V8's figures with node:v8's before it trusts it. V8 may have changed them in between.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { node, root } = require('../support/helpers')
const { capabilities } = require('../..')

const skip = !capabilities.whileBlocked.available && 'needs V8\'s own interface'

test('figures that have changed by chance are asked for again; a layout that is not known is refused', { skip }, async () => {
  const program = (lies) => `
    const v8 = require('node:v8')
    const real = v8.getHeapStatistics
    let lies = ${lies}
    v8.getHeapStatistics = () => ({ ...real(), ...lies-- > 0 && { used_heap_size: 2 ** 40 } })
    const { capabilities, watch } = require(${JSON.stringify(root)})
    const monitor = watch({ interval: 20, rules: [] })
    console.log(capabilities.whileBlocked.available, capabilities.whileBlocked.reason)`
  assert.equal((await node(['-e', program(2)])).stdout, 'true undefined\n')
  assert.match((await node(['-e', program(1000)])).stdout, /^false .*used_heap_size is \d+ here, 1099511627776 in node:v8\n$/)
})
