'use strict'

// Strings that are the same, that share their memory, and that are no text at all.

exports.hold = () => {
  const kept = []
  // Made, so that V8 does not find it has them already.
  const made = (...parts) => Buffer.from(parts.join('')).toString()
  for (let i = 0; i < 3000; i++) kept.push(made('duplicate ', i % 100), made('only ', i), made('zwei\u00e4', i % 10), made('\u65e5\u672c ', i % 10))
  for (let i = 0; i < 20; i++) kept.push(made(''), made('x'), made(String(i % 3)))

  // Longer than a snapshot tells: the same as far as one sees, of one length or another, equal or not.
  const long = 'long '.repeat(300)
  for (let i = 0; i < 10; i++) kept.push(made(long, i % 2), made(long, 'x'.repeat(i % 3)), made(long), made(long.slice(0, 1024)), made(long.slice(0, 1023)))

  // Ropes: leaning left, right, balanced, within ropes, with the same part everywhere, of both widths; and flattened ones.
  for (let i = 0; i < 50; i++) {
    let left = made('left rope ', i % 5)
    let right = made('right rope ', i % 5)
    for (let k = 0; k < 30; k++) {
      left += made('piece ', k)
      right = made('piece ', k) + right
    }
    kept.push(left, right, left + right, (left + right) + (left + right), left + '\u20ac')
    const flat = made('flattened ', i % 5, ' ') + made('in the end ', i % 5)
    flat.charCodeAt(3)
    ;({})[flat + 'property']
    kept.push(flat)
  }
  let deep = made('deep')
  for (let i = 0; i < 5000; i++) deep += 'piece of a rope'
  kept.push(deep)

  // Pieces that keep all of what they are cut from.
  const source = made('the quick brown fox jumps over the lazy dog '.repeat(200))
  for (let i = 0; i < 200; i++) kept.push(source.slice(i, i + 40), source.slice(i % 10, i % 10 + 100))
  for (const part of made('one,two,three,four words that are longer than thirteen,'.repeat(50)).split(',')) kept.push(part)

  // Every kind of character that JSON has to say something about.
  for (let code = 0; code < 0x180; code++) kept.push(String.fromCharCode(code).repeat(3), `before ${String.fromCharCode(code)} after`)
  for (const odd of ['\ud800', '\udc00', 'a\ud83d', '\ude00b', '\ud83d\ude00', '\ude00\ud83d', '\u2028\u2029', '\ufeff', '\uffff', '\ufffe',
    '"', '\\', '\\"', '\\u0041', '\\ud800', '</script>', '\u0000', ' ', '\n', '["a","b"]', '],"strings":["', '\ud83d\ude00'.repeat(600)]) {
    kept.push(odd.padEnd(3, odd), `${odd}${odd}${odd}`, { [odd]: odd, name: `value ${odd}` }, { [odd]: odd, name: `value ${odd}` })
  }
  // Keys of objects are kept once, whoever has them.
  for (let i = 0; i < 500; i++) kept.push({ [`key ${i % 50}`]: i })
  kept.push(Symbol('described'), Symbol.for('registered'), Symbol(), Symbol('\ud800'))
  return kept
}

exports.change = (kept) => {
  kept.length -= 200
  for (let i = 0; i < 300; i++) kept.push(Buffer.from(`late ${i % 30}`).toString())
}
