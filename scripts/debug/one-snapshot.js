'use strict'

// What a debugger is tried on: takes one snapshot by fork into FOLDER, with a deadline that leaves time to look.

const { takeSnapshot } = require('../..')

takeSnapshot({ dir: process.argv[2], mode: 'fork', timeout: '1h' }).then(console.log, console.error)
