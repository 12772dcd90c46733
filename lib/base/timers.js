'use strict'

// The timers as they were when we were loaded. Tests put a clock of their own in their place, and mean their own code by it: a
// process would wait for ever for our timer, or end in the middle of a capture.

const { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = globalThis

module.exports = { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout }
