'use strict'

// Classes of one name, classes of none, and classes whose name says something else.

const vm = require('node:vm')

exports.hold = () => {
  const kept = []
  const twenty = (Class) => { for (let i = 0; i < 20; i++) kept.push(new Class(i)) }
  twenty(class Same { constructor (i) { this.i = i } })
  twenty(class Same { constructor (i) { this.i = i; this.list = [i] } })
  twenty(class Same extends Array {})
  for (let i = 0; i < 3; i++) twenty(class Again {}) // one place, three classes
  twenty(new Function('return class Same {}')())
  twenty(vm.runInNewContext('(class Same {})'))
  twenty(vm.runInNewContext('(class Same {})', {}, { filename: 'elsewhere.js', lineOffset: 10, columnOffset: 10 }))
  function Same (i) { this.i = i }
  twenty(Same)
  twenty(Same.bind(null, 1))
  twenty(class {})
  twenty((() => function () {})())
  twenty(class extends Same {})
  twenty(class Derived extends Map { constructor () { super() } })
  twenty(class Derived extends Promise { constructor () { super(() => {}) } })

  // Names that DevTools gives a meaning to, and names that its tables use themselves.
  for (const name of ['Object', 'Array', 'Function', 'RegExp', 'Window', 'global', '(system)', '(compiled code)', '(array)', '(string)', '{a, b}', '{late}', ',Same',
    '<div>', '<div id="a">', '<div class="b">', '<', '< ', '<a b>', 'Detached <div>', 'Detached <div id="c">', 'Detached Window', 'system / NativeContext',
    '\ud800', 'a"b', '', ' ', '__proto__', 'constructor', 'toString', '1,2,3,Same']) {
    for (const Class of [class {}, function () {}]) {
      Object.defineProperty(Class, 'name', { value: name })
      twenty(Class)
    }
    twenty(function () { return { [Symbol.toStringTag]: name } })
    // Without a place in a script.
    const Native = Object.defineProperty((() => {}).bind(), 'name', { value: name })
    for (let i = 0; i < 20; i++) kept.push(Object.create({ constructor: Native }))
  }
  // What V8 calls after a built-in function, which has no place either: of the same name as all functions.
  for (const { prototype } of [Function, RegExp, Object, Array, Map, Error, Promise]) for (let i = 0; i < 20; i++) kept.push(Object.create(prototype))
  for (let i = 0; i < 20; i++) kept.push({ a: i, b: i }, Object.create(null), Object.create(kept[i]))
  // The prototype has changed since, the constructor has gone, the name has been taken away.
  for (let i = 0; i < 20; i++) kept.push(Object.setPrototypeOf(new Same(i), Map.prototype), Object.setPrototypeOf({ changed: i }, Same.prototype), Object.setPrototypeOf(new Same(i), null))
  class Nameless {}
  delete Nameless.name
  twenty(Nameless)
  class Static { static name = 'static name' }
  twenty(Static)
  return kept
}

exports.change = (kept) => {
  kept.splice(30, 50)
  for (let i = 0; i < 60; i++) kept.push({ late: i }, { a: i, b: i }, Object.create(Function.prototype))
}
