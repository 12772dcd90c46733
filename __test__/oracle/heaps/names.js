'use strict'

// Plain objects, which are told apart by the names of their properties.

const many = (times, make) => Array.from({ length: times }, (_, i) => make(i))

exports.hold = () => {
  const kept = []
  const odd = ['a,b', 'it\'s', 'say "so"', '{', '}', '{a, b}', 'a: 1', ' ', '', '\\', '\n', '\t', '\u0000', '\u007f', '\u00e4', '\u65e5\u672c', '\ud83d\ude00',
    '\ud800', '\udfff,', '\ud800"', '\u2028', '__proto__x', 'constructor', 'toString', 'hasOwnProperty', 'length', 'prototype', '-1', '1.5', '1e21', 'NaN', '0x10',
    '[0]', '(a)', '<div>', '<div class="x">', '\u2026', 'x'.repeat(117), 'x'.repeat(118), 'x'.repeat(119), 'x'.repeat(120), 'x'.repeat(121), 'x'.repeat(1000),
    '","', '\'}', 'a,'.repeat(70)]
  for (const name of odd) {
    kept.push(many(30, (i) => ({ [name]: i })), many(30, (i) => ({ [name]: {}, second: [] })), many(30, (i) => ({ first: 1, [name]: name })))
  }
  kept.push(many(30, () => Object.fromEntries(odd.map((name) => [name, {}]))))

  // __proto__ as the syntax, as a property of one's own, and both; no prototype at all; accessors; symbols; what cannot be enumerated.
  kept.push(many(30, (i) => ({ __proto__: { inherited: i }, own: i })), many(30, (i) => ({ ['__proto__']: i, own: i })),
    many(30, (i) => ({ ['__proto__']: i })), many(30, (i) => Object.assign(Object.create(null), { none: i })),
    many(30, (i) => ({ get got () { return i }, set got (_) {} })), many(30, (i) => ({ [Symbol('s')]: i, [Symbol.iterator]: i })),
    many(30, (i) => Object.defineProperty({ seen: i }, 'hidden', { value: i })), many(30, () => ({})), many(30, () => Object.create({})),
    many(30, (i) => Object.freeze({ frozen: i })), many(30, (i) => ({ 0: i, 1: i, named: i })), many(30, (i) => ({ 7: {} })),
    many(30, (i) => ({ method () { return i }, async * generate () {}, arrow: () => i })))

  // 1, 2, 3, … properties, up to 200, and the same from the other end: which of them fit into a name?
  for (const length of [1, 2, 5, 10, 11, 12, 13, 14, 15, 16, 20, 50, 127, 128, 129, 200, 1100]) {
    const names = many(length, (i) => `property${i}`)
    kept.push(many(20, () => Object.fromEntries(names.map((name, i) => [name, { i }]))))
    kept.push(many(20, () => Object.fromEntries(names.toReversed().map((name, i) => [name, i]))))
  }

  // Sets within sets: the largest that matches, and of two equal ones the one that is there more often, or first.
  const letters = [...'abcdefgh']
  for (let mask = 1; mask < 256; mask++) {
    const names = letters.filter((_, bit) => mask & (1 << bit))
    kept.push(many(1 + mask % 29, () => Object.fromEntries(names.map((name) => [name, null]))))
    if (mask % 3 === 0) kept.push(many(1 + mask % 31, () => Object.fromEntries(names.toReversed().map((name) => [name, null]))))
  }
  // As often as is just enough, and once less: two, and one in a thousand of all plain objects.
  for (let times = 1; times < 40; times++) kept.push(many(times, () => ({ [`just ${times} times`]: times })))
  for (let times = 1; times < 6; times++) kept.push(many(20, () => ({ equal: 1, [`tie${times}`]: 1 })), many(20, () => ({ [`tie${times}`]: 1, equal: 1 })))
  // Shapes that share their beginning only.
  kept.push(many(40, (i) => ({ ...Object.fromEntries(many(12, (k) => [`a long shared name ${k}`, k])), [`only${i % 4}`]: i })))
  return kept
}

exports.change = (kept) => {
  kept.splice(0, 20)
  // Shapes that were rare before are common now, and the other way round.
  kept.push(many(500, (i) => ({ late: i })), many(500, (i) => ({ a: i, h: i })), many(500, (i) => ({ h: i, a: i })))
}
