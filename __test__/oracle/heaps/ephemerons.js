'use strict'

// WeakMaps in every constellation: who holds a value, the key or the table?

exports.hold = () => {
  const kept = { keys: [], tables: [], others: [] }
  const table = (entries) => {
    const map = new WeakMap(entries)
    kept.tables.push(map)
    return map
  }
  const key = (name) => {
    const object = { name }
    kept.keys.push(object)
    return object
  }

  for (let i = 0; i < 300; i++) {
    // A value of its own; a value that is the key, that holds the key, that is the table; one key in two tables.
    const one = key(`key ${i}`)
    const own = table([[one, { big: new Array(20).fill(i) }]])
    if (i % 2) own.set(key(`self ${i}`), null)
    if (i % 3 === 0) own.set(one, one)
    if (i % 5 === 0) own.set(one, { back: one, own })
    if (i % 7 === 0) own.set(one, own)
    if (i % 11 === 0) table([[one, { second: i }]])
  }

  // A chain in which each value is the next key, in one table and in as many as it has links.
  const chain = table()
  let link = key('chain')
  for (let i = 0; i < 200; i++) {
    const next = { link: i }
    chain.set(link, next)
    table([[link, { aside: i, next }]])
    link = next
  }
  // Two that hold each other by way of two tables.
  const [left, right] = [{ left: true }, { right: true }]
  const [first, second] = [table(), table()]
  first.set(left, right)
  second.set(right, left)
  kept.keys.push(left)

  // Keys that live in nothing but their own value, and tables that only their values know: garbage, unless something holds it.
  const lost = new WeakMap()
  for (let i = 0; i < 50; i++) {
    const gone = {}
    lost.set(gone, { gone })
  }
  kept.lost = lost
  const inside = new WeakMap()
  inside.set(key('of a table that its value holds'), { inside })

  // Functions, symbols and proxies as keys, names that look like V8's own, private fields, weak sets and references.
  for (let i = 0; i < 50; i++) {
    const fn = () => i
    kept.others.push(fn)
    table([[fn, { ofFunction: i }]])
    const proxy = new Proxy({}, {})
    kept.others.push(proxy)
    table([[proxy, [i]]])
  }
  try {
    table([[Symbol('not registered'), { ofSymbol: true }]])
  } catch {} // Node 20's V8 does not take symbols
  class Pair {}
  for (const name of ['a) -> value (b @7', ' @1)', 'pair in WeakMap (table @3)', '1 / part of key (a @1) -> value (b @3) pair in WeakMap (table @5)']) {
    const Odd = { [name]: class {} }[name]
    Object.defineProperty(Odd, 'name', { value: name })
    const odd = new Odd()
    odd[name] = new Pair()
    kept.others.push(odd)
    table([[odd, new Odd()]])
  }
  class Secretive { #secret; constructor (secret) { this.#secret = secret } get secret () { return this.#secret } }
  const watched = new WeakSet()
  const registry = new FinalizationRegistry(() => {})
  kept.others.push(watched, registry)
  for (let i = 0; i < 100; i++) {
    const secretive = new Secretive({ i })
    watched.add(secretive)
    registry.register(secretive, { held: i }, secretive)
    kept.others.push(new WeakRef(secretive), i % 2 && secretive)
  }
  // A key that is in many tables, a table with many keys.
  const popular = key('popular')
  for (let i = 0; i < 300; i++) table([[popular, { fan: i }]])
  const large = table()
  for (let i = 0; i < 3000; i++) large.set(key(`large ${i}`), { in: i, before: kept.keys.at(-2) })
  return kept
}

exports.change = (kept) => {
  kept.keys.splice(0, 100)
  kept.tables.splice(50, 50)
  for (let i = 0; i < 100; i++) {
    const key = { late: i }
    kept.keys.push(key)
    kept.lost.set(key, { with: key })
  }
}
