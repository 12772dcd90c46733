'use strict'

// A second try for the few tests that fail. What is tested here forks, crashes and starves real processes on machines
// that others use too, and once in hundreds of runs such a test fails for a reason of its own. A defect fails twice.
// What failed first is shown in any case, and counted as flaky: whoever sees the same name again has a defect to find.

const { sep } = require('node:path')
const { plain } = require('./judge')

/** More test files than that are no accident. */
const FILES = 2

/** What the spec reporter says of the failed tests, at its end; all it says if there is no such list. */
const failures = (output) => output.slice(Math.max(0, output.lastIndexOf('✖ failing tests')))

/** The test files in which something failed, or null if that cannot be told. */
function failedFiles (output, files) {
  const failed = new Set()
  for (const failure of failures(plain(output)).split(/^test at /m).slice(1)) {
    // Its place, or, where a helper has made the test, the first place of its stack that is a test's.
    const places = failure.matchAll(/([^\s('"]+\.test\.m?js):\d+:\d+/g)
    const found = [...places].map(([, place]) => files.find((one) => place === one || place.endsWith(sep + one)))
    const file = found.find((one) => one !== undefined)
    if (!file) return null
    failed.add(file)
  }
  return failed.size > 0 ? [...failed] : null
}

/** The command that tries again what failed, or null: nothing did, or too much. */
function secondTry ({ file, args, env, files }, { failed, problem }, output) {
  if (failed === 0 || problem || !files) return null
  const again = failedFiles(output, files)
  if (!again || again.length > FILES) return null
  return { file, args: [...args.filter((arg) => !files.includes(arg)), ...again], env }
}

module.exports = { failures, secondTry }
