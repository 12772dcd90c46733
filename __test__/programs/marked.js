'use strict'

// A heap whose marking takes V8's workers a while, and an image by fork as soon as somebody says so on stdin, who knows that they
// mark. Argument: the folder.

const { setFlagsFromString } = require('node:v8')
const { takeSnapshot } = require('../..')

const [dir] = process.argv.slice(2)

// From one to the next there is one way only: marking it is one worker's work.
for (let i = 0; i < 6e6; i++) globalThis.list = { next: globalThis.list, i }

const grown = new Array(1e5)
let growing = true
function grow () {
  for (let i = 0; i < 3000; i++) grown[Math.trunc(Math.random() * grown.length)] = new Array(20).fill(i)
  if (growing) setImmediate(grow)
}
grow()
console.log('built')

process.stdin.once('data', async () => {
  // A copy would say it too, amid its answers.
  setFlagsFromString('--no-trace-incremental-marking')
  const info = await takeSnapshot({ dir, form: 'image', mode: 'fork', maxPause: '2s' })
  growing = false
  process.stdin.unref()
  console.log(JSON.stringify(info))
})
