'use strict'

// Contexts that are kept, that are dropped, and that are dropped but for one thing out of them.

const vm = require('node:vm')

const SCRIPT = `
  class Inner { constructor (i) { this.i = i; this.same = shared } }
  var items = Array.from({ length: 50 }, (_, i) => new Inner(i))
  var plain = items.map(({ i }) => ({ i, twice: i * 2 }))
  globalThis.listen = () => items.length
`

exports.hold = () => {
  const shared = { of: 'all contexts' }
  const kept = { shared, contexts: [], listeners: [], objects: [], functions: [], scripts: [] }
  for (let i = 0; i < 12; i++) {
    const context = vm.createContext({ shared, i, array: Array, hand: kept })
    vm.runInContext(SCRIPT, context)
    if (i < 3) kept.contexts.push(context)
    else if (i < 5) kept.listeners.push(context.listen)
    else if (i < 7) kept.objects.push(vm.runInContext('items[7]', context), vm.runInContext('plain[7]', context))
    else if (i < 9) kept.functions.push(vm.runInContext('Array', context), vm.runInContext('[].push', context))
    // The rest is dropped altogether.
  }
  for (let i = 0; i < 3; i++) kept.scripts.push(new vm.Script(`var n = ${i}; (() => n)`))
  kept.compiled = vm.compileFunction('return a + b', ['a', 'b'], { contextExtensions: [{ extended: shared }] })
  kept.ran = kept.scripts.map((script) => script.runInContext(kept.contexts[0]))
  return kept
}

exports.change = (kept) => {
  kept.contexts.pop()
  kept.contexts.push(vm.createContext({ late: true }))
}
