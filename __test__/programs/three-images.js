'use strict'

// Leaves an image from each of three rungs in a folder: by fork, in place, and at the heap limit, which ends it. Run it with a small
// --max-old-space-size. Argument: the folder. Says what it left, one object a line; the last one is on stderr, in the line of the limit.

const { takeSnapshot, watch } = require('../..')

const dir = process.argv[2]

class Session {
  constructor (i) { this.user = `user ${i}` }
}
globalThis.sessions = new Map(Array.from({ length: 5000 }, (_, i) => [`id ${i}`, new Session(i)]))

async function main () {
  for (const mode of ['fork', 'inline']) {
    const said = await takeSnapshot({ dir, form: 'image', mode }).then(({ path, form }) => ({ mode, path, form }), ({ code, message }) => ({ mode, code, message }))
    console.log(JSON.stringify(said))
  }
  watch({ rules: [], snapshots: { dir } })
  const more = globalThis.more = []
  // Few objects for many bytes: the image is thawed often.
  for (;;) more.push(new Array(500).fill(more.length + 0.5))
}

main()
