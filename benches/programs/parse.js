'use strict'

// How long a snapshot takes to be read, as a part of its summary: { path } → { ms }. Progress is told ten times a second, in bytes:
// the last of it that was still reading says how fast that goes.

const { summarize } = require('../..')

const { path } = JSON.parse(process.argv[2])
const begun = performance.now()
let ms = NaN

function onProgress ({ stage, done, total }) {
  if (stage === 'reading' && done > 0) ms = (performance.now() - begun) * total / done
}

summarize(path, { onProgress }).then(() => console.log(JSON.stringify({ ms })))
