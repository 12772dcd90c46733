'use strict'

// A million of them.

exports.heavy = true

exports.hold = () => {
  const list = new Array(1_000_000)
  for (let i = 0; i < list.length; i++) list[i] = i % 4 ? { i, next: list[i - 1] } : { i, all: i % 40 ? null : list }
  return list
}
