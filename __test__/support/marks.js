'use strict'

// Bytes that stand nowhere but where they are put: worked out one by one, so that no memory has them beforehand. Which of them an
// image has: of programs/buffers.js.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')

const BYTES = 32
const BLOCK = 256 << 10

/** Gives each byte of mark `number` to `put`. */
function mark (number, put) {
  let state = (number + 1) * 2654435761 >>> 0
  for (let index = 0; index < BYTES; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    put(index, state >>> 24)
  }
}

/** It as a Buffer, for who looks for it. */
function markOf (number) {
  const bytes = Buffer.alloc(BYTES)
  mark(number, (index, byte) => { bytes[index] = byte })
  return bytes
}

/** The stream with the bytes of its words together again, block by block: see src/image/shuffle.rs. */
function together (stream) {
  const all = Buffer.alloc(stream.length)
  for (let begin = 0; begin < stream.length; begin += BLOCK) {
    const length = Math.min(BLOCK, stream.length - begin)
    const words = Math.floor(length / 64) * 8
    for (let byte = 0; byte < 8; byte++) {
      const from = begin + byte * words
      for (let word = 0, to = begin + byte; word < words; word++, to += 8) all[to] = stream[from + word]
    }
    stream.copy(all, begin + 8 * words, begin + 8 * words, begin + length)
  }
  return all
}

/** Of the marks `numbers` those that the unpacked image at `file` has anywhere. */
async function inside (file, numbers) {
  const marks = numbers.map((number) => [number, markOf(number)])
  const found = new Set()
  // Behind its header, a skippable frame, it is a file of zstd like any other.
  const packed = fs.readFileSync(file)
  const bare = path.join(path.dirname(file), 'bare.zst')
  fs.writeFileSync(bare, packed.subarray(8 + packed.readUInt32LE(4)))
  // Not above: the program that plants them does without, in a thread that has not loaded it.
  const reader = require('../../lib/addon/native').openSnapshot(bare)
  const pieces = []
  for (let piece; (piece = await reader.read(8 << 20)) !== null;) pieces.push(piece)
  const all = together(Buffer.concat(pieces))
  for (const [number, mark] of marks) if (all.includes(mark)) found.add(number)
  fs.rmSync(bare)
  return [...found]
}

/** The mark that is no Buffer's, but a text's. */
const TEXT = 20

/** The image has none of what was planted in Buffers, and all else. */
async function isWithout ({ planted, info }) {
  assert.equal(info.form, 'image')
  assert.equal(info.buffers, false)
  assert.deepEqual(await inside(info.path, [...planted, TEXT]), [TEXT])
}

module.exports = { isWithout, mark, markOf }
