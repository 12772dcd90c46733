'use strict'

// A process with something in each kind of Buffer, none of which is a text in its code: an image without their contents, taken
// in the way that is named. Arguments: folder, way (fork, place, worker, limit, native). Says what it has planted and where the image is.

const { execFileSync } = require('node:child_process')
const { once } = require('node:events')
const { Worker } = require('node:worker_threads')
const { takeSnapshot, watch } = require('../..')
const { mark } = require('../support/marks')

const [dir, way] = process.argv.slice(2)

/** The bytes of a mark, written where they are to stand and nowhere else. */
function plant (number, bytes, at = 0) {
  mark(number, (index, byte) => { bytes[at + index] = byte })
  return bytes
}

// (module (memory 2 20) (func (export "put") (param i32 i32) local.get 0 local.get 1 i32.store8)
//   (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))
const ownMemory = Buffer.from('0061736d01000000010b0260027f7f0060017f017f0303020001050401010214070e02037075740000' +
  '0467726f7700010a12020900200020013a00000b0600200040000b', 'hex')

globalThis.kept = {
  pooled: plant(0, Buffer.allocUnsafe(100), 3),
  small: plant(1, Buffer.allocUnsafeSlow(100)),
  large: plant(2, plant(2, Buffer.alloc(1e6), 5), 9e5),
  shared: plant(3, new Uint8Array(new SharedArrayBuffer(5000)), 4090),
  wasm: new WebAssembly.Memory({ initial: 2 }),
  many: Array.from({ length: 2000 }, () => plant(5, Buffer.allocUnsafeSlow(70))),
  floats: new Float64Array(1000),
  resizable: new Uint8Array(new ArrayBuffer(100, { maxByteLength: 100_000 })),
  gone: plant(8, new Uint8Array(200)),
  // These lie in V8's own heap, where it moves them and leaves what it has moved: they are asked for, and not looked for.
  tiny: plant(11, Buffer.alloc(32)),
  tinier: plant(12, new Uint8Array(64), 29),
  hundreds: Array.from({ length: 3000 }, () => plant(13, new Uint8Array(32))),
  text: ''
}
const { kept } = globalThis
plant(4, new Uint8Array(kept.wasm.buffer), 70_000)
plant(6, new Uint8Array(kept.floats.buffer), 77)
if (kept.resizable.buffer.resize) kept.resizable.buffer.resize(50_000)
plant(7, kept.resizable, 40)
// Memories whose buffers nobody asks for, since they have grown: V8 14 has them in no list.
kept.grown = new WebAssembly.Memory({ initial: 1, maximum: 20 })
plant(14, new Uint8Array(kept.grown.buffer), 60_000)
kept.grown.grow(1)
kept.own = new WebAssembly.Instance(new WebAssembly.Module(ownMemory)).exports
mark(15, (index, byte) => kept.own.put(100 + index, byte))
kept.own.grow(1)
kept.moved = structuredClone(kept.gone.buffer, { transfer: [kept.gone.buffer] })
// What is no Buffer is there.
mark(20, (_, byte) => { kept.text += String.fromCharCode(byte) })
kept.text = Object.keys({ [kept.text]: 1 })[0]

const planted = [0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15]
const options = { dir, form: 'image', images: { buffers: false }, timeout: '60s' }
const say = (info) => console.log(JSON.stringify({ planted, info }))

async function main () {
  if (way === 'worker') {
    // It has not loaded heapwarden.
    const code = `
      const { mark } = require(${JSON.stringify(require.resolve('../support/marks'))})
      globalThis.kept = [Buffer.allocUnsafe(90), Buffer.allocUnsafeSlow(90)]
      for (const [at, one] of kept.entries()) mark(9 + at, (index, byte) => { one[index] = byte })
      require('node:worker_threads').parentPort.postMessage('ready')
      setInterval(() => {}, 1000)`
    const worker = new Worker(code, { eval: true })
    await once(worker, 'message')
    const info = await takeSnapshot({ ...options, mode: 'fork' })
    const refused = await takeSnapshot({ ...options, mode: 'inline' }).then(() => 'taken', (error) => error.message)
    console.log(JSON.stringify({ planted: [...planted, 9, 10], info, refused }))
    return worker.terminate()
  }
  if (way === 'limit') {
    watch({ rules: [], snapshots: options, nearHeapLimit: true })
    const hoard = []
    for (;;) hoard.push({ number: hoard.length, more: [hoard.length] })
  }
  if (way === 'native') {
    // The thread is given up on after a quarter of that.
    const order = takeSnapshot({ ...options, mode: 'fork', timeout: '12s' })
    const until = `until ls '${dir}'/*.heapimage.zst; do sleep 0.05; done`
    execFileSync('sh', ['-c', until], { stdio: 'ignore', timeout: 60_000 })
    return say(await order)
  }
  say(await takeSnapshot({ ...options, mode: way === 'fork' ? 'fork' : 'inline' }))
}

main()
