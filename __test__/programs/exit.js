'use strict'

// Ends with the status it is sent.

process.on('message', (status) => process.exit(status))
