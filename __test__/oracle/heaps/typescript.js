'use strict'

// The TypeScript compiler after it has checked a program, with everything it knows about it. It comes with tsd.

const { join } = require('node:path')
const { createRequire } = require('node:module')
const ts = createRequire(require.resolve('tsd'))('@tsd/typescript')

exports.heavy = true

exports.hold = () => {
  // Node 20's V8 looks for the line of every function from the beginning of its file, unless a stack trace has made it
  // remember where the lines are: its snapshots of this 9 MB file would take it many minutes.
  ts.forEach([0], () => { String(new Error('where?').stack) })
  const file = join(__dirname, '..', '..', '..', 'index.d.ts')
  const program = ts.createProgram([file], { lib: ['lib.es5.d.ts'], noEmit: true, noResolve: true, strict: true, types: [] })
  return { program, diagnostics: ts.getPreEmitDiagnostics(program), checker: program.getTypeChecker() }
}
