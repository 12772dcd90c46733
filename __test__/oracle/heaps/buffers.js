'use strict'

// What lies outside V8's heap.

exports.hold = () => {
  const kept = []
  for (const size of [0, 1, 63, 64, 65, 1000, 100_000, 10_000_000]) {
    const buffer = new ArrayBuffer(size)
    kept.push(buffer, new Uint8Array(buffer), new DataView(buffer), Buffer.alloc(size), new SharedArrayBuffer(size))
    if (size % 8 === 0) kept.push(new Float64Array(buffer), new BigInt64Array(buffer, 0, 0))
  }
  for (const Kind of [Int8Array, Uint8ClampedArray, Int16Array, Uint32Array, Float32Array, Float64Array, BigUint64Array]) {
    for (let length = 0; length < 40; length++) kept.push(new Kind(length))
  }
  kept.push(new ArrayBuffer(1000, { maxByteLength: 100_000 }), new SharedArrayBuffer(1000, { maxByteLength: 100_000 }))
  const moved = new ArrayBuffer(5000)
  structuredClone(moved, { transfer: [moved] })
  kept.push(moved)
  // Slices of Node's pool, of which each keeps the whole.
  for (let i = 0; i < 500; i++) kept.push(Buffer.from(`from the pool ${i}`))
  const parent = Buffer.alloc(1_000_000)
  for (let i = 0; i < 100; i++) kept.push(parent.subarray(i, i + 10))
  kept.push(new WebAssembly.Memory({ initial: 10, maximum: 20 }), new WebAssembly.Table({ initial: 10, element: 'anyfunc' }))
  // (module (func (export "f") (result i32) i32.const 42))
  const bytes = Buffer.from('0061736d010000000105016000017f03020100070501016600000a0601040041 2a0b'.replaceAll(' ', ''), 'hex')
  const module = new WebAssembly.Module(bytes)
  const instance = new WebAssembly.Instance(module)
  kept.push(module, instance, instance.exports.f, new Blob([parent]), new TextEncoder().encode('text'))
  return kept
}

exports.change = (kept) => {
  kept.splice(10, 100)
  for (let i = 0; i < 200; i++) kept.push(new Uint8Array(1000 + i))
}
