'use strict'

// Watches and has nothing else to do: node idle.js [HOW TO END]

const { watch } = require('../..')

const [how] = process.argv.slice(2)
const monitor = watch({ interval: 10, rules: [{ name: 'any', metric: 'rss', above: 1 }] })
for (const event of ['sample', 'breach', 'gc']) monitor.on(event, () => {})

const ways = {
  exit: () => process.exit(5),
  throw: () => { throw new Error('on purpose') },
  stop: () => monitor.stop()
}
if (how) monitor.sample().then(ways[how])
