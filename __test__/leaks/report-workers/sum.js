'use strict'

const { parentPort } = require('node:worker_threads')

parentPort.on('message', (numbers) => {
  parentPort.postMessage(numbers.reduce((sum, number) => sum + number, 0))
})
