#!/usr/bin/env node
'use strict'

require('../lib/cli').main(process.argv.slice(2)).then((status) => {
  // Not process.exit(): what is still on its way to a pipe would be cut off.
  process.exitCode = status
})
