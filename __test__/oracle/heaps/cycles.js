'use strict'

// Graphs that are hard on algorithms: rings, cliques, ladders, long chains, deep nesting.

exports.hold = () => {
  const kept = {}
  const ring = Array.from({ length: 5000 }, (_, i) => ({ i }))
  ring.forEach((one, i) => { one.next = ring[(i + 1) % ring.length]; one.before = ring.at(i - 1) })
  kept.ring = ring[0] // the only way in
  kept.halfway = ring[2500]

  // A chain as long as no recursion survives, and one that can be left at every step.
  kept.chain = null
  for (let i = 0; i < 200_000; i++) kept.chain = { next: kept.chain }
  kept.ladder = { left: null, right: null }
  let [left, right] = [kept.ladder, kept.ladder]
  for (let i = 0; i < 20_000; i++) {
    const [a, b] = [{ i }, { i }]
    left.left = a; left.right = b
    right.left = b; right.right = a
    ;[left, right] = [a, b]
  }

  const clique = Array.from({ length: 120 }, (_, i) => ({ i, others: null }))
  for (const one of clique) one.others = clique.filter((other) => other !== one)
  kept.clique = clique[0]

  // A self-loop, a pair, functions that hold each other through one context, and a prototype that knows its instances.
  kept.self = {}
  kept.self.self = kept.self
  const functions = Array.from({ length: 200 }, (_, i) => () => functions[(i + 1) % 200])
  kept.functions = functions[0]
  class Known { constructor () { (Known.prototype.all ??= []).push(this) } }
  for (let i = 0; i < 300; i++) new Known()
  kept.Known = Known

  // The irreducible graphs of the papers on dominators: two ways into every loop.
  kept.irreducible = Array.from({ length: 500 }, () => {
    const [a, b, c, d] = [{}, {}, {}, {}]
    Object.assign(a, { b, c }); Object.assign(b, { c, d }); Object.assign(c, { b }); Object.assign(d, { b, c })
    return a
  })
  // A random one, always the same.
  let seed = 12345
  const random = (below) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % below }
  const random1 = Array.from({ length: 20_000 }, (_, i) => ({ i, to: [] }))
  for (const one of random1) for (let i = random(5); i > 0; i--) one.to.push(random1[random(random1.length)])
  kept.random = random1[0]
  // Nested arrays and maps, deep.
  kept.deep = []
  for (let i = 0; i < 20_000; i++) kept.deep = i % 3 ? [kept.deep] : i % 2 ? new Map([[kept.deep, i]]) : new Set([kept.deep])
  return kept
}

exports.change = (kept) => {
  for (let i = 0; i < 1000; i++) kept.chain = kept.chain.next
  for (let i = 0; i < 2000; i++) kept.chain = { next: kept.chain }
  delete kept.halfway
}
